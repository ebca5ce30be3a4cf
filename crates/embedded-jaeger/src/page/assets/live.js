// @ts-check
/** @import { LiveEvent } from "./types.d.ts" */
import { base } from "./address.js";

// An address cannot name more traces.
const MAX_TRACES = 100;

/** @typedef {MessageEvent<string>} Message */
/** @typedef {Exclude<LiveEvent, "ready" | "keep-alive">} News */

/**
 * Calls `update` when spans arrive, unless the button is pressed: with the ids of the traces that
 * changed if the messages name them, else with undefined. Returns a function that requests an
 * update.
 * @param {HTMLElement} button
 * @param {(changed?: string[]) => Promise<void>} update
 * @param {() => string} path the address of the messages
 */
export function live(button, update, path) {
  let all = false;
  /** @type {Set<string>} */
  const some = new Set();

  const run = oneAtATime(async () => {
    if (!all && some.size === 0) return;
    const changed = all || some.size > MAX_TRACES ? undefined : [...some];
    all = false;
    some.clear();
    await update(changed);
    // The first update may have determined the search, and with it the address.
    stream.follow();
  });

  const updateAll = () => {
    all = true;
    return run();
  };
  const updateNamed = (/** @type {Message | undefined} */ event) => {
    for (const id of event?.data.split(" ") ?? []) some.add(id);
    return run();
  };
  const stream = listen({ message: updateAll, traces: updateNamed }, { path, button });
  return updateAll;
}

/**
 * Makes one call at a time; any number of requests during a call lead to one more call.
 * @param {() => Promise<void>} update
 */
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

// Milliseconds between two updates while no messages come through; the pause doubles each time.
const FIRST_PAUSE = 3_000;
const LAST_PAUSE = 60_000;

// Milliseconds without a message after which a connection counts as broken. The server sends a
// keep-alive after 5 seconds without another message: three of them are missing.
const MAX_SILENCE = 15_000;

/**
 * Follows the server's messages and calls the update of each event. A proxy may hold messages back,
 * from the first one on or later. Therefore:
 * - All updates are called at once, and from time to time until the first message arrives.
 * - The first message is handed to `ready`, or else all updates are called again: the server does
 *   not report what arrived before it.
 * - After a long silence the connection is made anew.
 *
 * Only a visible page keeps a connection, since browsers limit those to one host.
 * @param {Partial<Record<News, (event?: Message) => unknown>>} updates
 * @param {object} options
 * @param {() => string} [options.path] the address of the messages
 * @param {HTMLElement | null} [options.button] pauses while it is pressed
 * @param {((event: Message) => unknown) | null} [options.ready]
 */
export function listen(updates, { path = () => "/page/live", button = null, ready = null }) {
  /** @type {EventSource | null} */
  let source = null;
  let followed = "";
  /** @type {number | undefined} */
  let timer;
  // Whether messages come through.
  let connected = false;

  const all = () => Promise.all(Object.values(updates).map((update) => update()));
  const paused = () => button?.getAttribute("aria-pressed") === "true";

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
    connected = false;
  }

  function connect(pause = FIRST_PAUSE) {
    close();
    if (document.hidden || paused()) return;
    followed = path();
    source = new EventSource(base + followed);
    const handlers = Object.entries({ "keep-alive": () => {}, ready: ready ?? all, ...updates });
    for (const [event, handle] of handlers) {
      source.addEventListener(event, (message) => {
        expectMore();
        handle(message);
      });
    }
    source.addEventListener("error", () => {
      if (connected) poll(FIRST_PAUSE);
    });
    poll(pause);
  }

  function expectMore() {
    connected = true;
    clearTimeout(timer);
    timer = setTimeout(connect, MAX_SILENCE);
  }

  /** @param {number} pause */
  function poll(pause) {
    connected = false;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const asked = source;
      await all();
      // Meanwhile it may have been closed or replaced, or a message may have arrived.
      if (!source || source !== asked || connected) return;
      const next = Math.min(2 * pause, LAST_PAUSE);
      // The browser reconnects by itself, but not after an answer with an error.
      if (source.readyState === EventSource.CLOSED) connect(next);
      else poll(next);
    }, pause);
  }

  async function start() {
    await all();
    connect();
  }

  const resume = () => (document.hidden || paused() ? close() : start());

  button?.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(!paused()));
    resume();
  });
  document.addEventListener("visibilitychange", resume);
  start();
  return {
    /** Connects anew if the address has changed. */
    follow() {
      if (source && followed !== path()) connect();
    },
  };
}
