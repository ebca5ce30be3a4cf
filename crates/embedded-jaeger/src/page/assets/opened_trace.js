// @ts-check
import { fileAddress } from "./address.js";
import { make } from "./dom.js";
import { loadOpened } from "./opened_store.js";

/**
 * A trace of the file that was opened last, and an element that names its origin.
 * @param {string} id
 */
export async function openedTrace(id) {
  const { name, traces } = (await loadOpened()) ?? { name: "", traces: [] };
  const trace = traces.find(({ traceID }) => traceID === id);
  if (!trace) throw new Error("This trace is not in the file that was opened last. Open its file again.");
  const all = make("a", { href: fileAddress() }, `one of ${traces.length} traces`);
  const origin = make("span", { className: "muted" }, `from ${name}`, ...(traces.length > 1 ? [", ", all] : []), ", in this browser alone");
  return { trace, origin };
}
