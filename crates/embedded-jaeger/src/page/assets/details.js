// @ts-check
/** @import { CriticalPath, Reference, Span, SpanNode, Tag, Trace } from "./types.d.ts" */
import { traceAddress } from "./address.js";
import { make, swatch } from "./dom.js";
import { clamped, longText } from "./long_text.js";
import { transport } from "./rows.js";
import { duration, time } from "./text.js";

/** @typedef {[name: string | number, value: unknown]} Row */

// A longer name may not fit into the heading.
const LONG_NAME = 100;

/**
 * Everything that is known about a span.
 * @param {SpanNode} node
 * @param {Trace} trace
 * @param {CriticalPath} path
 */
export function details(node, trace, path) {
  const { span, process, service } = node;
  /** @type {Row[]} */
  const own = [
    ["service", service],
    ...(span.operationName.length > LONG_NAME ? [/** @type {Row} */ (["operation", span.operationName])] : []),
    ["span", span.spanID],
    ["starts", startOf(node, trace)],
    ["takes", duration(span.duration)],
  ];
  const critical = (path.get(node) ?? []).reduce((sum, [from, to]) => sum + to - from, 0);
  if (critical > 0) own.push(["on the critical path", duration(critical)]);
  const from = transport(span);
  if (from) own.push(["came by", from]);
  const events = span.logs.map(({ timestamp, fields }) => table([
    ["at", timestamp > 0 ? duration(timestamp - span.startTime) : "unknown"], ...rowsOf(fields),
  ]));
  return [
    make("h2", {}, swatch(service), " ", clamped(span.operationName)),
    ...(node.failed ? [make("p", { className: "error" }, "This span is an error.")] : []),
    table(own),
    ...part("Tags", table(rowsOf(span.tags))),
    ...part("Process", table(rowsOf(process.tags))),
    ...part("Events", ...events),
    ...part("References", references(span, trace)),
    ...part("Warnings", table((span.warnings ?? []).map((text, index) => [index + 1, text]))),
  ];
}

/**
 * @param {Tag[]} tags
 * @returns {Row[]}
 */
const rowsOf = (tags) => tags.map(({ key, value }) => [key, value]);

/**
 * A part of the details, unless it is empty.
 * @param {string} title
 * @param {...HTMLTableElement} content
 */
function part(title, ...content) {
  const filled = content.filter((element) => element.childElementCount > 0);
  return filled.length > 0 ? [make("h3", {}, title), ...filled] : [];
}

/** @param {Row[]} rows */
function table(rows) {
  return make("table", {}, ...rows.map(([name, value]) => make("tr", {},
    make("th", { scope: "row" }, make("span", { className: "clamp", title: String(name) }, ...breakable(String(name)))),
    make("td", {}, value instanceof Node ? value : longText(String(value))))));
}

/**
 * Lets a long key break after a dot or the like rather than within a word.
 * @param {string} key
 */
const breakable = (key) => key.split(/(?<=[._/:-])/).flatMap((word) => [word, make("wbr")]);

/**
 * @param {SpanNode} node
 * @param {Trace} trace
 */
function startOf({ span, parent, noStart }, trace) {
  if (!noStart) return `${time(span.startTime)}, ${duration(span.startTime - trace.start)} after the trace`;
  return `unknown; drawn where ${parent ? "its parent" : "the trace"} begins`;
}

/**
 * @param {Span} span
 * @param {Trace} trace
 */
function references({ references, traceID: own }, { nodes }) {
  return table(references.map((reference) => [
    reference.refType === "CHILD_OF" ? "child of" : "follows from",
    reference.traceID === own ? inTrace(reference, nodes) : inOtherTrace(reference),
  ]));
}

/**
 * Links to a span on the same page, which may show a stored trace or one of a file. A span that is
 * missing gets no link.
 * @param {Reference} reference
 * @param {SpanNode[]} nodes
 */
const inTrace = ({ spanID }, nodes) => (nodes.some(({ span }) => span.spanID === spanID)
  ? make("a", { href: `?span=${spanID}` }, spanID)
  : `${spanID}, which is not in this trace`);

/** @param {Reference} reference */
const inOtherTrace = ({ traceID, spanID }) => make("a", { href: traceAddress(traceID, spanID) }, `${spanID} of trace ${traceID}`);
