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

// Calls what `updates` has for an event: `message` when spans arrive, `traces` when they are named, `lines` when log lines do.
// Browsers have few connections to one host, so that only a page that is looked at keeps one.
export function listen(updates, { path = () => "/page/live", button = null }) {
  let source = null;
  let followed = null;

  const all = () => Object.values(updates).forEach((update) => update());

  function connect() {
    source?.close();
    source = null;
    if (document.hidden || paused()) return;
    followed = path();
    source = new EventSource(followed);
    // What arrived before it was open was told to nobody. Where it does not open, what there is can still be shown.
    source.addEventListener("open", all);
    source.addEventListener("error", all, { once: true });
    for (const [event, update] of Object.entries(updates)) source.addEventListener(event, update);
  }

  const paused = () => button?.getAttribute("aria-pressed") === "true";
  button?.addEventListener("click", () => {
    button.setAttribute("aria-pressed", !paused());
    connect();
  });
  document.addEventListener("visibilitychange", connect);
  connect();
  if (!source) all();
  return { follow: () => source && followed !== path() && connect() };
}
