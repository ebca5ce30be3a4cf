// Calls `update` when spans arrive, until the button is pressed.
export const live = (button, update) => listen({ message: oneAtATime(update) }, { button });

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

// Calls what `updates` has for an event: `message` when spans arrive, `lines` when log lines do. Browsers have few connections to
// one host, so that only a page that is looked at keeps one.
export function listen(updates, { url = "/page/live", button = null }) {
  let source = null;

  const all = () => Object.values(updates).forEach((update) => update());

  function connect() {
    source?.close();
    source = null;
    if (document.hidden || paused()) return;
    source = new EventSource(url);
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
}
