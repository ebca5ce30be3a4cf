// @ts-check
/** @import { Trace } from "./types.d.ts" */
import { traceAddress } from "./address.js";
import { draw, hue, make, refill } from "./dom.js";
import { lackOf, nameOf } from "./model.js";
import { count, duration, time } from "./text.js";

// Microseconds at which a line may be: three for each power of ten of a unit, from a microsecond to
// 5,000 days.
const STEPS = [
  ...[1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[10, 20, 30].map((seconds) => seconds * 1e6),
  ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * 60e6),
  ...[1, 2, 5].map((hours) => hours * 3600e6),
  ...[1, 10, 100, 1000].flatMap((days) => [days, 2 * days, 5 * days]).map((days) => days * 86400e6),
];

/**
 * Shows traces by their start and, on a logarithmic scale, by their duration. Each is a link; the
 * tab key stops at one of them, and the arrow keys move between them.
 * @param {HTMLElement} figure
 * @param {Trace[]} traces
 */
export function scatter(figure, traces) {
  const points = traces.filter(({ start }) => start > 0).sort((a, b) => a.start - b.start);
  figure.hidden = points.length === 0;
  if (points.length === 0) return figure.replaceChildren();
  const from = points[0].start;
  const range = points[points.length - 1].start - from;
  const left = (/** @type {number} */ start) => (range === 0 ? 50 : (100 * (start - from)) / range);
  const scale = logarithmic(points.map((trace) => trace.duration));
  const dots = points.map((trace) => dot(trace, left(trace.start), scale.top(trace.duration)));
  const svg = draw("svg", { role: "group", "aria-label": "Traces by start and duration. The list below says the same." },
    ...scale.lines.map((us) => line(us, scale.top(us))), ...times(from, range), ...dots);
  refill(figure, svg, make("figcaption", { className: "muted" },
    "Start and duration of each trace. Larger: more spans. A diamond: with errors."));
  rove([.../** @type {NodeListOf<SVGAElement>} */ (svg.querySelectorAll("svg a"))]);
}

/**
 * A logarithmic scale for these durations: `top` is the height of one in percent from the top, and
 * `lines` are the durations to label.
 * @param {number[]} durations
 */
export function logarithmic(durations) {
  const shortest = durations.reduce((a, b) => Math.min(a, b));
  const longest = durations.reduce((a, b) => Math.max(a, b));
  const low = STEPS.findLast((step) => step <= shortest) ?? 1;
  const high = STEPS.find((step) => step >= longest && step > low) ?? longest;
  const top = (/** @type {number} */ us) => 100 * (1 - Math.log(Math.max(us, low) / low) / Math.log(high / low));
  // About five lines; of more, those at whole powers of ten.
  const steps = STEPS.filter((step) => step >= low && step <= high);
  const every = steps.length < 7 ? 1 : 3 * Math.ceil(steps.length / 18);
  return { top, lines: steps.filter((step) => STEPS.indexOf(step) % every === 0) };
}

/**
 * @param {number} us
 * @param {number} top
 */
function line(us, top) {
  const y = `${top}%`;
  return draw("g", { "aria-hidden": "true" },
    draw("line", { x1: "0", x2: "100%", y1: y, y2: y }),
    draw("text", { x: "-12", y, dy: ".3em", "text-anchor": "end" }, duration(us)));
}

/**
 * @param {number} from
 * @param {number} range
 */
function times(from, range) {
  const parts = range === 0 ? [0.5] : [0, 0.25, 0.5, 0.75, 1];
  const [first, last] = range > 86400e6 ? [5, 16] : range > 10e6 ? [11, 19] : [11, 23];
  return parts.map((part) => draw("text", {
    x: `${100 * part}%`, y: "100%", dy: "1.8em", "aria-hidden": "true",
    class: part === 0 || part === 1 ? "" : "between",
    "text-anchor": part === 0 ? "start" : part === 1 ? "end" : "middle",
  }, time(from + part * range).slice(first, last)));
}

/**
 * @param {Trace} trace
 * @param {number} left
 * @param {number} top
 */
function dot(trace, left, top) {
  const { root, nodes, errors, start } = trace;
  const failed = errors.length > 0;
  const radius = Math.min(3 + Math.log2(nodes.length), 14);
  const style = { "--hue": hue(root.service) };
  const side = radius * 1.25;
  const shape = failed
    ? draw("path", { class: "dot failed", d: `M0 ${-side}L${side} 0L0 ${side}L${-side} 0Z` })
    : draw("circle", { class: "dot", r: radius, style });
  const name = [nameOf(trace), duration(trace.duration), count(nodes.length, "span"),
    ...(failed ? [count(errors.length, "error")] : []), ...(trace.missing.length > 0 ? [lackOf(trace)] : []), time(start)].join(", ");
  return draw("svg", { x: `${left}%`, y: `${top}%` },
    draw("a", { href: traceAddress(root.span.traceID), "aria-label": name, tabindex: "-1" }, shape, draw("title", {}, name)));
}

/** @type {Record<string, (at: number, count: number) => number>} */
const MOVES = {
  ArrowRight: (at) => at + 1,
  ArrowLeft: (at) => at - 1,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

/**
 * Lets the tab key stop at one link, and the arrow keys move between all.
 * @param {SVGAElement[]} links
 */
function rove(links) {
  let at = Math.max(0, links.findIndex((link) => link === document.activeElement));
  links[at].setAttribute("tabindex", "0");
  for (const [index, link] of links.entries()) {
    link.addEventListener("focus", () => {
      links[at].setAttribute("tabindex", "-1");
      at = index;
      link.setAttribute("tabindex", "0");
    });
    link.addEventListener("keydown", (event) => {
      const next = links[MOVES[event.key]?.(index, links.length)];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  }
}
