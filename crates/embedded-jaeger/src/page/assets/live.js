import { base } from "./address.js";

// More traces than one address may name.
const MANY = 100;

// Calls `update` when spans arrive, until the button is pressed: with the ids of the traces that changed where the messages name
// them, else without. `path()` is the address of the messages. Returns a function that asks for an update.
export function live(button, update, path) {
  let all = false;
  const some = new Set();

  const run = oneAtATime(async () => {
    if (!all && some.size === 0) return;
    const changed = all || some.size > MANY ? undefined : [...some];
    all = false;
    some.clear();
    await update(changed);
    // It may have become known what is looked for.
    stream.follow();
  });

  const again = () => {
    all = true;
    return run();
  };
  const named = (event) => {
    for (const id of event?.data.split(" ") ?? []) some.add(id);
    run();
  };
  const stream = listen({ message: again, traces: named }, { path, button });
  return again;
}

// One call at a time; what is asked for meanwhile makes one more.
export function oneAtATime(update) {
  let due = false;
  let busy = false;
  return async () => {
    due = true;
    if (busy) return;
    busy = true;
    while (due) {
      due = false;
      await update();
    }
    busy = false;
  };
}

// Milliseconds between two calls of all updates while no messages come through; each time twice as many.
const FIRST_PAUSE = 3_000;
const LAST_PAUSE = 60_000;

// Calls what `updates` has for an event: `message` when spans arrive, `traces` when they are named, `lines` when log lines do. A proxy
// may keep messages back: all updates are called at once, and from time to time until the first message is there. It is handed to
// `ready`, since what arrived before it was told to nobody; without one all updates are called again.
// Browsers have few connections to one host, so that only a page that is looked at keeps one.
export function listen(updates, { path = () => "/page/live", button = null, ready = null }) {
  let source = null;
  let followed = null;
  let timer = null;

  const all = () => Promise.all(Object.values(updates).map((update) => update()));
  const paused = () => button?.getAttribute("aria-pressed") === "true";

  function close() {
    clearTimeout(timer);
    source?.close();
    timer = source = null;
  }

  function connect(pause = FIRST_PAUSE) {
    close();
    if (document.hidden || paused()) return;
    followed = path();
    source = new EventSource(base + followed);
    source.addEventListener("ready", (event) => {
      clearTimeout(timer);
      timer = null;
      (ready ?? all)(event);
    });
    source.addEventListener("error", () => timer ?? wait(FIRST_PAUSE));
    for (const [event, update] of Object.entries(updates)) source.addEventListener(event, update);
    wait(pause);
  }

  function wait(pause) {
    timer = setTimeout(async () => {
      const asked = source;
      await all();
      // It may have been closed, or followed something else, in the meantime.
      if (source !== asked || timer === null) return;
      const next = Math.min(2 * pause, LAST_PAUSE);
      // The browser tries again by itself, but not after an answer that says no.
      if (source.readyState === EventSource.CLOSED) connect(next);
      else wait(next);
    }, pause);
  }

  async function start() {
    await all();
    connect();
  }

  const resume = () => (document.hidden || paused() ? close() : start());

  button?.addEventListener("click", () => {
    button.setAttribute("aria-pressed", !paused());
    resume();
  });
  document.addEventListener("visibilitychange", resume);
  start();
  return { follow: () => source && followed !== path() && connect() };
}
