// @ts-check
/** @import { Range, Section, SpanNode } from "./types.d.ts" */
import { hue, make } from "./dom.js";

// Sections closer than this fraction of the range are drawn as one: a span may have thousands.
const NEAR = 1 / 500;

/**
 * Draws a span in its lane: the part of its bar, and of its sections on the critical path, that is
 * within the range.
 * @param {SpanNode} node
 * @param {Range} range
 * @param {Section[]} [sections]
 */
export function bars({ span, service, failed }, range, sections = []) {
  const bar = piece(failed ? "bar failed" : "bar", span.startTime, span.startTime + span.duration, range);
  if (!bar) return [];
  bar.style.setProperty("--hue", hue(service));
  const critical = joinSections(sections, range.duration * NEAR).map(([from, to]) => piece("critical", from, to, range));
  return [bar, ...critical.filter((it) => it !== null)];
}

/**
 * @param {string} className
 * @param {number} from
 * @param {number} to
 * @param {Range} range
 */
function piece(className, from, to, range) {
  const end = range.start + range.duration;
  if (to < range.start || from > end) return null;
  const percent = (/** @type {number} */ us) => `${(100 * us) / (range.duration || 1)}%`;
  const start = Math.max(from, range.start);
  const style = { left: `min(${percent(start - range.start)}, 100% - 2px)`, width: percent(Math.min(to, end) - start) };
  return make("span", { className, style });
}

/**
 * Joins sections that are less than `near` microseconds apart. The last section comes first.
 * @param {Section[]} sections
 * @param {number} near
 */
export function joinSections(sections, near) {
  /** @type {Section[]} */
  const joined = [];
  for (const [from, to] of sections) {
    const after = joined.at(-1);
    if (after && after[0] - to < near) after[0] = from;
    else joined.push([from, to]);
  }
  return joined;
}
