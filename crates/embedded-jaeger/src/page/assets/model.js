// @ts-check
/** @import { ApiTrace, Process, Span, SpanNode, Trace } from "./types.d.ts" */
import { count } from "./text.js";

/**
 * Reads a trace of the API, which has at least one span. The nodes are in the order in which they
 * are shown.
 * @param {Pick<ApiTrace, "spans" | "processes">} trace
 * @returns {Trace}
 */
export function read({ spans, processes }) {
  const nodes = spans.map((span) => nodeOf(span, processes[span.processID] ?? { serviceName: "", tags: [] }));
  /** @type {Map<string, SpanNode>} */
  const byId = new Map();
  for (const node of nodes) if (!byId.has(node.span.spanID)) byId.set(node.span.spanID, node);
  for (const node of nodes) setParent(node, byId);
  repairStarts(nodes);
  nodes.sort((a, b) => a.span.startTime - b.span.startTime);
  for (const node of nodes) node.parent?.children.push(node);

  const root = rootOf(nodes);
  const order = inOrder(nodes);
  const start = nodes[0]?.span.startTime ?? 0;
  // Not `Math.max(...)`: a trace may have more spans than a call may have arguments.
  const end = nodes.reduce((end, { span }) => Math.max(end, span.startTime + span.duration), start);
  const missing = new Set(order.flatMap(({ orphanOf }) => orphanOf ?? []));
  return { nodes: order, root, start, duration: end - start, errors: order.filter((node) => node.failed), missing: [...missing] };
}

/**
 * @param {Span} span
 * @param {Process} process
 * @returns {SpanNode}
 */
const nodeOf = (span, process) => ({
  span, process, service: process.serviceName, failed: isFailed(span), parent: null, children: [], depth: 0, index: 0, place: 0,
});

/**
 * The number of spans of each service.
 * @param {SpanNode[]} nodes
 */
export function services(nodes) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { service } of nodes) counts.set(service, (counts.get(service) ?? 0) + 1);
  return counts;
}

/** @param {Pick<Trace, "root">} trace */
export const nameOf = ({ root }) => `${root.service}: ${root.span.operationName}`;

/**
 * The missing parents in words.
 * @param {Pick<Trace, "missing">} trace
 */
export const lackOf = ({ missing }) => `${count(missing.length, "parent")} missing`;

/**
 * An id without leading zeros, of which clients write more or fewer.
 * @param {string} id
 */
export const plainId = (id) => id.toLowerCase().replace(/^0+/, "");

/**
 * The value of a tag.
 * @param {Pick<Span, "tags">} span
 * @param {string} key
 */
export const tag = (span, key) => span.tags.find((tag) => tag.key === key)?.value;

/** @param {Span} span */
const isFailed = (span) => String(tag(span, "error")) === "true" || tag(span, "otel.status_code") === "ERROR";

/**
 * The parent is the first of a span's references that is in the trace; the API puts an explicit
 * parent first. The references of an orphan are all missing.
 * @param {SpanNode} node
 * @param {Map<string, SpanNode>} byId
 */
function setParent(node, byId) {
  const { spanID, traceID, references } = node.span;
  const near = references.filter((reference) => reference.traceID === traceID && reference.spanID !== spanID && !/^0*$/.test(reference.spanID));
  node.parent = near.map((reference) => byId.get(reference.spanID)).find((parent) => parent !== undefined) ?? null;
  if (!node.parent) node.orphanOf = near[0]?.spanID;
}

/**
 * Lets a span without a start begin with the nearest span above it that has one, or else with the
 * first of the trace.
 * @param {SpanNode[]} nodes
 */
function repairStarts(nodes) {
  const known = (/** @type {SpanNode} */ { span }) => span.startTime > 0;
  if (nodes.every(known)) return;
  const first = nodes.filter(known).reduce((first, { span }) => Math.min(first, span.startTime), Infinity);
  for (const node of nodes) {
    /** @type {Set<SpanNode>} */
    const unknown = new Set();
    /** @type {SpanNode | null} */
    let above = node;
    while (above && !known(above) && !unknown.has(above)) {
      unknown.add(above);
      above = above.parent;
    }
    const start = above && known(above) ? above.span.startTime : first;
    for (const node of unknown) {
      node.noStart = true;
      node.span = { ...node.span, startTime: Number.isFinite(start) ? start : 0 };
    }
  }
}

/**
 * Of the spans without a parent, the one with the fewest references, and of these the first. So an
 * orphan is the root only if there is no other.
 * @param {SpanNode[]} nodes
 */
function rootOf(nodes) {
  const fewest = (/** @type {SpanNode} */ a, /** @type {SpanNode} */ b) => (b.span.references.length < a.span.references.length ? b : a);
  const roots = nodes.filter(({ parent }) => !parent);
  return roots.length > 0 ? roots.reduce(fewest) : nodes[0];
}

/**
 * Sorts depth first, and sets `depth`, `index` and `place`. Not recursive: a trace may be deeper
 * than the call stack.
 * @param {SpanNode[]} nodes
 */
function inOrder(nodes) {
  /** @type {SpanNode[]} */
  const order = [];
  /** @type {Set<SpanNode>} */
  const seen = new Set();
  const visit = (/** @type {SpanNode} */ root) => {
    root.parent = null;
    const stack = [root];
    for (let node = stack.pop(); node; node = stack.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      node.depth = node.parent ? node.parent.depth + 1 : 0;
      node.index = order.length;
      order.push(node);
      node.children = node.children.filter((child) => !seen.has(child));
      node.children.forEach((child, place) => { child.place = place; });
      for (const child of node.children.toReversed()) stack.push(child);
    }
  };
  for (const node of nodes) if (!node.parent) visit(node);
  // Spans that are each other's parents have no root; the first of them becomes one.
  for (const node of nodes) if (!seen.has(node)) visit(node);
  return order;
}
