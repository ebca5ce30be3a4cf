// More traces than one address may name.
const MANY = 100;

// Calls `update` when spans arrive, until the button is pressed: with the ids of the traces that changed where the messages name
// them, else without. `path()` is the address of the messages. Browsers have few connections to one host, so that only a page that
// is looked at keeps one. Returns a function that asks for an update.
export function live(button, update, path) {
  let source = null;
  let listened = null;
  let all = false;
  const some = new Set();
  let busy = false;

  // One update at a time; what arrives meanwhile makes one more.
  async function run() {
    if (busy) return;
    busy = true;
    while (all || some.size > 0) {
      const changed = all || some.size > MANY ? undefined : [...some];
      all = false;
      some.clear();
      await update(changed);
    }
    busy = false;
    // It may have become known what is looked for.
    if (source && listened !== path()) listen();
  }

  function runAll() {
    all = true;
    return run();
  }

  function listen() {
    source?.close();
    source = null;
    if (document.hidden || paused()) return;
    listened = path();
    source = new EventSource(listened);
    // What arrived before it was open was told to nobody.
    source.addEventListener("open", runAll);
    source.addEventListener("message", runAll);
    source.addEventListener("traces", ({ data }) => {
      for (const id of data.split(" ")) some.add(id);
      run();
    });
  }

  const paused = () => button.getAttribute("aria-pressed") === "true";
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", !paused());
    listen();
  });
  document.addEventListener("visibilitychange", listen);
  runAll().then(listen);
  return runAll;
}
