// @ts-check
/** @import { Call, Stats, ServiceStats } from "./types.d.ts" */
/** @import { Box, Point, Route } from "./layout.js" */
import { draw, hue, refill } from "./dom.js";
import { layout } from "./layout.js";
import { count, number, share } from "./text.js";

// The picture has at most so many services, and labels only if there are not more calls than this;
// the table has all of them.
const MAX_SERVICES = 60;
const MAX_LABELS = 60;

/**
 * Draws which service calls which. Returns the number of services for which there is no room.
 * @param {HTMLElement} element
 * @param {Pick<Stats, "services" | "calls">} stats
 * @param {(service: string) => string} link the address that a service leads to
 */
export function graph(element, { services, calls }, link) {
  const drawn = services.slice(0, MAX_SERVICES).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const names = drawn.map(({ name }) => name);
  const known = new Set(names);
  const { width, height, boxes, routes } = layout(names, calls.filter(({ parent, child }) => known.has(parent) && known.has(child)));
  const labelled = routes.length <= MAX_LABELS;
  refill(element, draw("svg",
    {
      role: "group", "aria-label": "Services and who calls whom. The table below says the same.",
      viewBox: `-2 0 ${width + 4} ${height}`, style: { "--width": `${width + 4}px` },
    },
    draw("defs", {}, arrow("arrow"), arrow("arrow-failed")),
    ...routes.map(edge),
    ...(labelled ? routes.map(label) : []),
    ...drawn.map((service) => node(service, /** @type {Box} */ (boxes.get(service.name)), link(service.name))),
  ));
  return services.length - drawn.length;
}

/** @param {string} id */
const arrow = (id) => draw("marker",
  { id, viewBox: "0 0 8 8", refX: "7", refY: "4", markerWidth: "10", markerHeight: "10", markerUnits: "userSpaceOnUse", orient: "auto" },
  draw("path", { d: "M0 0L8 4L0 8Z" }));

/** @param {Call} call */
const labelOf = ({ calls, errors }) => number(calls) + (errors > 0 ? ` · ${share(errors, calls)} errors` : "");

/** @param {Route<Call>} route */
function edge({ call, points, loop }) {
  const failed = call.errors > 0;
  return draw("path", {
    class: failed ? "edge failed" : "edge", "aria-hidden": "true",
    d: points.map((point, index) => step(point, points[index - 1], index, loop)).join(""),
    "marker-end": failed ? "url(#arrow-failed)" : "url(#arrow)",
    style: { "stroke-width": String(1.2 + Math.log10(call.calls)) },
  }, draw("title", {}, `${call.parent} → ${call.child}: ${labelOf(call)}`));
}

/**
 * One step of a path: a curve to a point with an odd index, a straight line through the room that a
 * column has for the route to one with an even index.
 * @param {Point} point
 * @param {Point} before
 * @param {number} index
 * @param {number} [loop]
 */
function step({ x, y }, before, index, loop) {
  if (index === 0) return `M${x} ${y}`;
  if (loop !== undefined) return `C${before.x} ${loop} ${x} ${loop} ${x} ${y}`;
  const middle = (before.x + x) / 2;
  return index % 2 === 0 ? `L${x} ${y}` : `C${middle} ${before.y} ${middle} ${y} ${x} ${y}`;
}

/** @param {Route<Call>} route */
function label({ call, label: { x, y, end } }) {
  return draw("text", {
    class: call.errors > 0 ? "label failed" : "label", x, y, dy: ".3em", "text-anchor": end ? "end" : "middle", "aria-hidden": "true",
  }, labelOf(call));
}

/**
 * @param {ServiceStats} service
 * @param {Box} box
 * @param {string} href
 */
function node({ name, requests, errors }, { x, y, width, height }, href) {
  const facts = [count(requests, "request"), ...(errors > 0 ? [`${share(errors, requests)} errors`] : [])].join(", ");
  return draw("a", { href, "aria-label": `${name}: ${facts}`, class: errors > 0 ? "node failed" : "node" },
    draw("rect", { x, y, width, height, rx: 6 }),
    draw("rect", { class: "tone", x: x + 8, y: y + 10, width: 10, height: 10, rx: 2, style: { "--hue": hue(name) } }),
    // The inner `svg` clips text that is too wide.
    draw("svg", { x, y, width: width - 6, height },
      draw("text", { x: 24, y: 19, class: "name" }, name), " ",
      draw("text", { x: 8, y: 37, class: "facts" }, facts)),
    draw("title", {}, `${name}: ${facts}`));
}
