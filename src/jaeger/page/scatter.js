import { traceAddress } from "./address.js";
import { draw, hue, make, refill } from "./dom.js";
import { count, duration, time } from "./text.js";

// 1, 2 and 5 times each power of ten: microseconds at which there may be a line.
const STEPS = Array.from({ length: 45 }, (_, index) => [1, 2, 5][index % 3] * 10 ** Math.floor(index / 3));

// Shows traces by their start and, on a logarithmic scale, their duration. Each is a link; all are one stop of the tab key, and the
// arrow keys go from one to the next.
export function scatter(figure, traces) {
  figure.hidden = traces.length === 0;
  if (figure.hidden) return figure.replaceChildren();
  const points = traces.toSorted((a, b) => a.start - b.start);
  const from = points[0].start;
  const range = points.at(-1).start - from;
  const left = (start) => (range === 0 ? 50 : (100 * (start - from)) / range);
  const scale = logarithmic(points.map((trace) => trace.duration));
  const dots = points.map((trace) => dot(trace, left(trace.start), scale.top(trace.duration)));
  const svg = draw("svg", { role: "group", "aria-label": "Traces by start and duration. The list below says the same." },
    ...scale.lines.map((us) => line(us, scale.top(us))), ...times(from, range), ...dots);
  refill(figure, svg, make("figcaption", { className: "muted" },
    "Start and duration of each trace. Larger: more spans. A diamond: with errors."));
  rove([...svg.querySelectorAll("a")]);
}

function logarithmic(durations) {
  const shortest = durations.reduce((a, b) => Math.min(a, b));
  const longest = durations.reduce((a, b) => Math.max(a, b));
  const low = STEPS.findLast((step) => step <= shortest) ?? 1;
  const high = STEPS.find((step) => step >= longest && step > low) ?? longest;
  const top = (us) => 100 * (1 - Math.log(Math.max(us, low) / low) / Math.log(high / low));
  // About five of them; where there are more, whole powers of ten.
  const steps = STEPS.filter((step) => step >= low && step <= high);
  const every = steps.length < 7 ? 1 : 3 * Math.ceil(steps.length / 18);
  return { top, lines: steps.filter((step) => STEPS.indexOf(step) % every === 0) };
}

function line(us, top) {
  const y = `${top}%`;
  return draw("g", { "aria-hidden": "true" },
    draw("line", { x1: "0", x2: "100%", y1: y, y2: y }),
    draw("text", { x: "-12", y, dy: ".3em", "text-anchor": "end" }, duration(us)));
}

function times(from, range) {
  const parts = range === 0 ? [0.5] : [0, 0.25, 0.5, 0.75, 1];
  const [first, last] = range > 86400e6 ? [5, 16] : range > 10e6 ? [11, 19] : [11, 23];
  return parts.map((part) => draw("text", {
    x: `${100 * part}%`, y: "100%", dy: "1.8em", "aria-hidden": "true",
    class: part === 0 || part === 1 ? "" : "between",
    "text-anchor": { 0: "start", 1: "end" }[part] ?? "middle",
  }, time(from + part * range).slice(first, last)));
}

function dot({ root, nodes, errors, duration: length, start }, left, top) {
  const failed = errors.length > 0;
  const radius = Math.min(3 + Math.log2(nodes.length), 14);
  const style = { "--hue": hue(root.service) };
  const side = radius * 1.25;
  const shape = failed
    ? draw("path", { class: "dot failed", d: `M0 ${-side}L${side} 0L0 ${side}L${-side} 0Z` })
    : draw("circle", { class: "dot", r: radius, style });
  const name = [`${root.service}: ${root.span.operationName}`, duration(length), count(nodes.length, "span"),
    ...(failed ? [count(errors.length, "error")] : []), time(start)].join(", ");
  return draw("svg", { x: `${left}%`, y: `${top}%` },
    draw("a", { href: traceAddress(root.span.traceID), "aria-label": name, tabindex: "-1" }, shape, draw("title", {}, name)));
}

const MOVES = {
  ArrowRight: (at) => at + 1,
  ArrowLeft: (at) => at - 1,
  Home: () => 0,
  End: (at, count) => count - 1,
};

function rove(links) {
  let at = Math.max(0, links.indexOf(document.activeElement));
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
