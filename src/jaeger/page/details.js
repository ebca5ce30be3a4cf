import { traceAddress } from "./address.js";
import { make, swatch } from "./dom.js";
import { path } from "./rows.js";
import { duration, time } from "./text.js";

// All that is known of a span.
export function details(node, trace) {
  const { span, process, service } = node;
  const own = [
    ["service", service],
    ["span", span.spanID],
    ["starts", `${time(span.startTime)}, ${duration(span.startTime - trace.start)} after the trace`],
    ["takes", duration(span.duration)],
  ];
  const critical = (trace.critical.get(node) ?? []).reduce((sum, [from, to]) => sum + to - from, 0);
  if (critical > 0) own.push(["on the critical path", duration(critical)]);
  const from = path(span);
  if (from) own.push(["came by", from]);
  return [
    make("h2", {}, swatch(service), ` ${span.operationName}`),
    ...(node.failed ? [make("p", { className: "error" }, "This span is an error.")] : []),
    table(own),
    ...part("Tags", table(fields(span.tags))),
    ...part("Process", table(fields(process.tags))),
    ...part("Events", ...span.logs.map((log) => table([["at", duration(log.timestamp - span.startTime)], ...fields(log.fields)]))),
    ...part("References", references(span)),
    ...part("Warnings", table((span.warnings ?? []).map((text, index) => [index + 1, text]))),
  ];
}

const fields = (tags) => tags.map(({ key, value }) => [key, value]);

function part(title, ...content) {
  const filled = content.filter((element) => element.childElementCount > 0);
  return filled.length > 0 ? [make("h3", {}, title), ...filled] : [];
}

function table(rows) {
  return make("table", {}, ...rows.map(([name, value]) =>
    make("tr", {}, make("th", { scope: "row" }, ...breakable(String(name))), make("td", {}, value instanceof Node ? value : String(value)))));
}

// A long key goes on in the next line after a dot or the like rather than within a word.
const breakable = (key) => key.split(/(?<=[._/:-])/).flatMap((word) => [word, make("wbr")]);

// A span of the same trace is on the same page, whether that is of a stored trace or of an opened one.
function references({ references, traceID: own }) {
  return table(references.map(({ refType, traceID, spanID }) => [
    refType === "CHILD_OF" ? "child of" : "follows from",
    make("a", { href: traceID === own ? `?span=${spanID}` : traceAddress(traceID, spanID) }, spanID),
  ]));
}
