import { traceAddress } from "./address.js";
import { make, swatch } from "./dom.js";
import { clamped, long } from "./long.js";
import { path } from "./rows.js";
import { duration, time } from "./text.js";

// The heading may not have room for a longer one.
const LONG_NAME = 100;

// All that is known of a span.
export function details(node, trace) {
  const { span, process, service } = node;
  const own = [
    ["service", service],
    ...(span.operationName.length > LONG_NAME ? [["operation", span.operationName]] : []),
    ["span", span.spanID],
    ["starts", starts(node, trace)],
    ["takes", duration(span.duration)],
  ];
  const critical = (trace.critical.get(node) ?? []).reduce((sum, [from, to]) => sum + to - from, 0);
  if (critical > 0) own.push(["on the critical path", duration(critical)]);
  const from = path(span);
  if (from) own.push(["came by", from]);
  return [
    make("h2", {}, swatch(service), " ", clamped(span.operationName)),
    ...(node.failed ? [make("p", { className: "error" }, "This span is an error.")] : []),
    table(own),
    ...part("Tags", table(fields(span.tags))),
    ...part("Process", table(fields(process.tags))),
    ...part("Events", ...span.logs.map((log) => table([["at", log.timestamp > 0 ? duration(log.timestamp - span.startTime) : "unknown"], ...fields(log.fields)]))),
    ...part("References", references(span, trace)),
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
    make("tr", {}, make("th", { scope: "row" }, make("span", { className: "clamp", title: name }, ...breakable(String(name)))), make("td", {}, value instanceof Node ? value : long(String(value))))));
}

// A long key goes on in the next line after a dot or the like rather than within a word.
const breakable = (key) => key.split(/(?<=[._/:-])/).flatMap((word) => [word, make("wbr")]);

function starts({ span, parent, noStart }, trace) {
  if (!noStart) return `${time(span.startTime)}, ${duration(span.startTime - trace.start)} after the trace`;
  return `unknown; drawn where ${parent ? "its parent" : "the trace"} begins`;
}

function references({ references, traceID: own }, { nodes }) {
  return table(references.map((reference) => [
    reference.refType === "CHILD_OF" ? "child of" : "follows from",
    reference.traceID === own ? near(reference, nodes) : far(reference),
  ]));
}

// It is on the same page, whether that is of a stored trace or of an opened one. Only what is there can be followed.
const near = ({ spanID }, nodes) => (nodes.some(({ span }) => span.spanID === spanID)
  ? make("a", { href: `?span=${spanID}` }, spanID)
  : `${spanID}, which is not in this trace`);

const far = ({ traceID, spanID }) => make("a", { href: traceAddress(traceID, spanID) }, `${spanID} of trace ${traceID}`);
