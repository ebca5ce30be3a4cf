// @ts-check
/** @import { SpanNode } from "./types.d.ts" */

// Which spans of a trace are shown.

/**
 * The nodes that contain the text, in any case; null if there is no text.
 * @param {SpanNode[]} nodes
 * @param {string} text
 */
export function matching(nodes, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return null;
  return new Set(nodes.filter((node) => (node.words ??= wordsOf(node)).includes(wanted)));
}

/** @param {SpanNode} node */
function wordsOf({ span, service, process }) {
  const fields = [span.tags, process.tags, ...span.logs.map((log) => log.fields)].flat();
  return [service, span.operationName, span.spanID, ...fields.flatMap(({ key, value }) => [key, `${key}=${value}`])]
    .join("\n").toLowerCase();
}

/**
 * With a filter, the nodes that match and all above them; without, all that are not below a closed
 * one.
 * @param {SpanNode[]} nodes
 * @param {Set<SpanNode> | null} matches
 * @param {Set<SpanNode>} closed
 */
export function visible(nodes, matches, closed) {
  if (matches) {
    /** @type {Set<SpanNode>} */
    const kept = new Set();
    for (const match of matches) {
      for (let node = /** @type {SpanNode | null} */ (match); node && !kept.has(node); node = node.parent) kept.add(node);
    }
    return nodes.filter((node) => kept.has(node));
  }
  /** @type {Set<SpanNode>} */
  const hidden = new Set();
  return nodes.filter((node) => {
    const below = node.parent && (hidden.has(node.parent) || closed.has(node.parent));
    if (below) hidden.add(node);
    return !below;
  });
}

/**
 * The next error after the node at `index`, or before it if `step` is negative; after the last one
 * comes the first.
 * @param {SpanNode[]} errors
 * @param {number} index
 * @param {number} step
 */
export function nextError(errors, index, step) {
  return step > 0
    ? errors.find((node) => node.index > index) ?? errors[0]
    : errors.findLast((node) => node.index < index) ?? errors.at(-1);
}
