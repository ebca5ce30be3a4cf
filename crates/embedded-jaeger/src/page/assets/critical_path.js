// @ts-check
/** @import { CriticalPath, SpanNode, Trace } from "./types.d.ts" */
import { tag } from "./model.js";

/**
 * A span during the time that its parent can have waited for it.
 * @typedef {object} Part
 * @property {SpanNode} node
 * @property {number} from
 * @property {number} to
 * @property {Part[]} children the one that ended last first
 * @property {number} next the child to look at next
 * @property {number} at how far the path has been followed back
 */

/**
 * Finds the critical path of a trace like Jaeger's own UI: the spans that made its root take as
 * long as it did. It is followed from the end of a span backwards. Until the last child ended, the
 * time is the span's own; then it is the child's, by the same rule; from the child's start on it is
 * the span's again, together with those of its children that had ended by then.
 * @param {Pick<Trace, "nodes" | "root">} trace
 * @returns {CriticalPath}
 */
export function criticalPath({ nodes, root }) {
  /** @type {CriticalPath} */
  const path = new Map();
  const add = (/** @type {SpanNode} */ node, /** @type {number} */ from, /** @type {number} */ to) => {
    if (to === from) return;
    const sections = path.get(node) ?? [];
    sections.push([from, to]);
    path.set(node, sections);
  };
  // Not recursive: a trace may be deeper than the call stack.
  const whole = partsOf(nodes, root).get(root);
  const stack = whole ? [whole] : [];
  for (let part = stack.at(-1); part; part = stack.at(-1)) {
    while (part.next < part.children.length && part.children[part.next].to > part.at) part.next++;
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

/**
 * Cuts each span to its parent: a child may outlive its parent, and clocks differ.
 * @param {SpanNode[]} nodes
 * @param {SpanNode} root
 */
function partsOf(nodes, root) {
  /** @type {Map<SpanNode | null, Part>} */
  const parts = new Map();
  for (const node of nodes) {
    const parent = parts.get(node.parent);
    if (node !== root && !(parent && isAwaited(node))) continue;
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

/**
 * Whether the parent waits for this span.
 * @param {SpanNode} node
 */
function isAwaited({ span, parent }) {
  const childOf = span.references.some(({ refType, spanID }) => refType === "CHILD_OF" && spanID === parent?.span.spanID);
  return childOf && !["producer", "consumer"].includes(String(tag(span, "span.kind")));
}
