import { tag } from "./model.js";

// The critical path of a trace as Jaeger's own UI finds it: what made its root take as long as it did.
// From the end of a span backwards: until its last child ended the time is the span's own; then it is the child's, found
// in the same way; where the child started it is the span's turn again, with those of its children that had ended by then.
//
// Returns the sections of each span that is on it, the last one first: [from, to] in microseconds since 1970.
export function criticalPath({ nodes, root }) {
  const path = new Map();
  const add = (node, from, to) => {
    if (to === from) return;
    if (!path.has(node)) path.set(node, []);
    path.get(node).push([from, to]);
  };
  // Not recursive: a trace may be deeper than the stack.
  const stack = [parts(nodes, root).get(root)].filter(Boolean);
  while (stack.length > 0) {
    const part = stack.at(-1);
    while (part.children[part.next]?.to > part.at) part.next++;
    const child = part.children[part.next];
    add(part.node, child?.to ?? part.from, part.at);
    if (child) {
      part.next++;
      part.at = child.from;
      stack.push(child);
    } else {
      stack.pop();
    }
  }
  return path;
}

// What of each span its parent can have waited for: a child may outlive its parent, and clocks differ.
function parts(nodes, root) {
  const parts = new Map();
  for (const node of nodes) {
    const parent = parts.get(node.parent);
    if (node !== root && !(parent && isWaitedFor(node))) continue;
    const { startTime, duration } = node.span;
    const from = Math.max(startTime, parent?.from ?? startTime);
    const to = Math.min(startTime + duration, parent?.to ?? Infinity);
    if (to <= from) continue;
    const part = { node, from, to, children: [], next: 0, at: to };
    parts.set(node, part);
    parent?.children.push(part);
  }
  for (const { children } of parts.values()) children.sort((a, b) => b.to - a.to);
  return parts;
}

function isWaitedFor({ span, parent }) {
  const childOf = span.references.some(({ refType, spanID }) => refType === "CHILD_OF" && spanID === parent.span.spanID);
  return childOf && !["producer", "consumer"].includes(tag(span, "span.kind"));
}
