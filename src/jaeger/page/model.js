// A trace of the API as a forest of nodes in the order in which they are shown.
export function read({ spans, processes }) {
  const nodes = spans.map((span) => {
    const process = processes[span.processID] ?? { serviceName: "", tags: [] };
    return { span, process, service: process.serviceName, failed: failed(span), children: [], parent: null, depth: 0 };
  });
  nodes.sort((a, b) => a.span.startTime - b.span.startTime);
  const byId = new Map();
  for (const node of nodes) if (!byId.has(node.span.spanID)) byId.set(node.span.spanID, node);
  for (const node of nodes) node.parent = parentOf(node, byId);
  for (const node of nodes) node.parent?.children.push(node);

  const order = inOrder(nodes);
  const start = nodes[0]?.span.startTime ?? 0;
  // Not Math.max(...): a trace may have more spans than a call may have arguments.
  const end = nodes.reduce((end, { span }) => Math.max(end, span.startTime + span.duration), start);
  return { nodes: order, root: order[0], start, duration: end - start, errors: order.filter((node) => node.failed) };
}

// How often each service appears.
export function services(nodes) {
  const counts = new Map();
  for (const { service } of nodes) counts.set(service, (counts.get(service) ?? 0) + 1);
  return counts;
}

export const tag = (span, key) => span.tags.find((tag) => tag.key === key)?.value;

const failed = (span) => String(tag(span, "error")) === "true" || tag(span, "otel.status_code") === "ERROR";

function parentOf(node, byId) {
  const { spanID, traceID, references } = node.span;
  const near = references.filter((reference) => reference.traceID === traceID && reference.spanID !== spanID);
  const reference = near.find(({ refType }) => refType === "CHILD_OF") ?? near[0];
  return byId.get(reference?.spanID) ?? null;
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
