import { fileAddress } from "./address.js";
import { make } from "./dom.js";
import { kept } from "./kept.js";

// A trace of the file that was opened last, and in words where it is from.
export async function opened(id) {
  const { name, traces } = (await kept()) ?? { traces: [] };
  const trace = traces.find(({ traceID }) => traceID === id);
  if (!trace) throw new Error("This trace is not in the file that was opened last. Open its file again.");
  const all = make("a", { href: fileAddress() }, `one of ${traces.length} traces`);
  const origin = make("span", { className: "muted" }, `from ${name}`, ...(traces.length > 1 ? [", ", all] : []), ", in this browser alone");
  return { trace, origin };
}
