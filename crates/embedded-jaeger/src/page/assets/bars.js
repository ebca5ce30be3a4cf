import { hue, make } from "./dom.js";

// Sections that are nearer to each other than this part of what is seen are drawn as one: a span may have thousands.
const NEAR = 1 / 500;

// What is drawn in the lane of a span: as much of its bar, and of its sections on the critical path, as is in the range.
export function bars({ span, service, failed }, range, sections = []) {
  const bar = piece(failed ? "bar failed" : "bar", span.startTime, span.startTime + span.duration, range);
  if (!bar) return [];
  bar.style.setProperty("--hue", hue(service));
  return [bar, ...joined(sections, range.duration * NEAR).map(([from, to]) => piece("critical", from, to, range)).filter(Boolean)];
}

function piece(className, from, to, range) {
  const end = range.start + range.duration;
  if (to < range.start || from > end) return null;
  const percent = (us) => `${(100 * us) / (range.duration || 1)}%`;
  const start = Math.max(from, range.start);
  const style = { left: `min(${percent(start - range.start)}, 100% - 2px)`, width: percent(Math.min(to, end) - start) };
  return make("span", { className, style });
}

// The last one comes first.
function joined(sections, near) {
  const wide = [];
  for (const [from, to] of sections) {
    const after = wide.at(-1);
    if (after && after[0] - to < near) after[0] = from;
    else wide.push([from, to]);
  }
  return wide;
}
