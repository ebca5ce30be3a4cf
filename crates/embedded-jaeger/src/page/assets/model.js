import { count } from "./text.js";

// A trace of the API as a forest of nodes in the order in which they are shown.
//
// `root` is the node that gives the trace its name. `missing` are the ids of spans that others name as their parents and that are
// not in the trace.
export function read({ spans, processes }) {
  const nodes = spans.map((span) => {
    const process = processes[span.processID] ?? { serviceName: "", tags: [] };
    return { span, process, service: process.serviceName, failed: failed(span), children: [], parent: null, depth: 0 };
  });
  const byId = new Map();
  for (const node of nodes) if (!byId.has(node.span.spanID)) byId.set(node.span.spanID, node);
  for (const node of nodes) place(node, byId);
  repairStarts(nodes);
  nodes.sort((a, b) => a.span.startTime - b.span.startTime);
  for (const node of nodes) node.parent?.children.push(node);

  const root = rootOf(nodes);
  const order = inOrder(nodes);
  const start = nodes[0]?.span.startTime ?? 0;
  // Not Math.max(...): a trace may have more spans than a call may have arguments.
  const end = nodes.reduce((end, { span }) => Math.max(end, span.startTime + span.duration), start);
  const missing = new Set(order.flatMap(({ orphanOf }) => orphanOf ?? []));
  return { nodes: order, root, start, duration: end - start, errors: order.filter((node) => node.failed), missing: [...missing] };
}

// How often each service appears.
export function services(nodes) {
  const counts = new Map();
  for (const { service } of nodes) counts.set(service, (counts.get(service) ?? 0) + 1);
  return counts;
}

export const nameOf = ({ root }) => `${root.service}: ${root.span.operationName}`;

// What a trace lacks, in words.
export const lack = ({ missing }) => `${count(missing.length, "parent")} missing`;

export const tag = (span, key) => span.tags.find((tag) => tag.key === key)?.value;

const failed = (span) => String(tag(span, "error")) === "true" || tag(span, "otel.status_code") === "ERROR";

// The parent is the first of a span's references that is in the trace; the API puts the one that says so itself first. An orphan
// has references, and none of them is there.
function place(node, byId) {
  const { spanID, traceID, references } = node.span;
  const near = references.filter((reference) => reference.traceID === traceID && reference.spanID !== spanID && !/^0*$/.test(reference.spanID));
  node.parent = near.map((reference) => byId.get(reference.spanID)).find(Boolean) ?? null;
  if (!node.parent) node.orphanOf = near[0]?.spanID;
}

// A span without a start begins with the nearest span above it that has one, or else with the first of the trace.
function repairStarts(nodes) {
  const known = ({ span }) => span.startTime > 0;
  if (nodes.every(known)) return;
  const first = nodes.filter(known).reduce((first, { span }) => Math.min(first, span.startTime), Infinity);
  for (const node of nodes) {
    const unknown = new Set();
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

// Of the spans that are below no other the one with the fewest references, and of these the first: not an orphan, if there is
// another.
function rootOf(nodes) {
  const fewest = (a, b) => (b.span.references.length < a.span.references.length ? b : a);
  const roots = nodes.filter(({ parent }) => !parent);
  return roots.length > 0 ? roots.reduce(fewest) : nodes[0];
}

// Depth first, without recursion: a trace may be deeper than the stack.
function inOrder(nodes) {
  const order = [];
  const seen = new Set();
  const visit = (root) => {
    root.parent = null;
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.pop();
      if (seen.has(node)) continue;
      seen.add(node);
      node.depth = node.parent ? node.parent.depth + 1 : 0;
      node.index = order.length;
      order.push(node);
      node.children = node.children.filter((child) => !seen.has(child));
      node.children.forEach((child, place) => (child.place = place));
      for (const child of node.children.toReversed()) stack.push(child);
    }
  };
  for (const node of nodes) if (!node.parent) visit(node);
  // Spans that are each other's parents have no root: the first of them is taken for one.
  for (const node of nodes) if (!seen.has(node)) visit(node);
  return order;
}
