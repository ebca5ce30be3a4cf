// Calls `update` when spans arrive, until the button is pressed. Browsers have few connections to one host, so that only a
// page that is looked at keeps one.
export function live(button, update) {
  let source = null;
  let due = false;
  let busy = false;

  // One update at a time; what arrives meanwhile makes one more.
  async function run() {
    due = true;
    if (busy) return;
    busy = true;
    while (due) {
      due = false;
      await update();
    }
    busy = false;
  }

  function listen() {
    source?.close();
    source = null;
    if (document.hidden || paused()) return;
    source = new EventSource("/page/live");
    // What arrived before it was open was told to nobody.
    source.addEventListener("open", run);
    source.addEventListener("message", run);
  }

  const paused = () => button.getAttribute("aria-pressed") === "true";
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", !paused());
    listen();
  });
  document.addEventListener("visibilitychange", listen);
  run();
  listen();
}
