import { draw, hue, refill } from "./dom.js";
import { layout } from "./layout.js";
import { number, share } from "./text.js";

// Services in a picture, and calls that have their numbers beside them; the table has all.
const SERVICES = 60;
const LABELS = 60;

// Draws who calls whom. `link(service)` is where a service leads to. Returns how many services there was no room for.
export function graph(element, { services, calls }, link) {
  const drawn = services.slice(0, SERVICES).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const names = drawn.map(({ name }) => name);
  const known = new Set(names);
  const { width, height, boxes, routes } = layout(names, calls.filter(({ parent, child }) => known.has(parent) && known.has(child)));
  const labelled = routes.length <= LABELS;
  refill(element, draw("svg",
    {
      role: "group", "aria-label": "Services and who calls whom. The table below says the same.",
      viewBox: `-2 0 ${width + 4} ${height}`, style: { "--width": `${width + 4}px` },
    },
    draw("defs", {}, arrow("arrow"), arrow("arrow-failed")),
    ...routes.map(edge),
    ...(labelled ? routes.map(label) : []),
    ...drawn.map((service) => node(service, boxes.get(service.name), link(service.name))),
  ));
  return services.length - drawn.length;
}

const arrow = (id) => draw("marker",
  { id, viewBox: "0 0 8 8", refX: "7", refY: "4", markerWidth: "10", markerHeight: "10", markerUnits: "userSpaceOnUse", orient: "auto" },
  draw("path", { d: "M0 0L8 4L0 8Z" }));

const says = ({ calls, errors }) => number(calls) + (errors > 0 ? ` · ${share(errors, calls)} errors` : "");

function edge({ call, points, loop }) {
  const failed = call.errors > 0;
  return draw("path", {
    class: failed ? "edge failed" : "edge", "aria-hidden": "true",
    d: points.map((point, index) => step(point, points[index - 1], index, loop)).join(""),
    "marker-end": failed ? "url(#arrow-failed)" : "url(#arrow)",
    style: { "stroke-width": String(1.2 + Math.log10(call.calls)) },
  }, draw("title", {}, `${call.parent} → ${call.child}: ${says(call)}`));
}

function step({ x, y }, before, index, loop) {
  if (index === 0) return `M${x} ${y}`;
  if (loop !== undefined) return `C${before.x} ${loop} ${x} ${loop} ${x} ${y}`;
  // Even ones end a place that it passes straight.
  const middle = (before.x + x) / 2;
  return index % 2 === 0 ? `L${x} ${y}` : `C${middle} ${before.y} ${middle} ${y} ${x} ${y}`;
}

function label({ call, label: { x, y, end } }) {
  return draw("text", {
    class: call.errors > 0 ? "label failed" : "label", x, y, dy: ".3em", "text-anchor": end ? "end" : "middle", "aria-hidden": "true",
  }, says(call));
}

function node({ name, requests, errors }, { x, y, width, height }, href) {
  const facts = [`${number(requests)} ${requests === 1 ? "request" : "requests"}`, ...(errors > 0 ? [`${share(errors, requests)} errors`] : [])].join(", ");
  return draw("a", { href, "aria-label": `${name}: ${facts}`, class: errors > 0 ? "node failed" : "node" },
    draw("rect", { x, y, width, height, rx: 6 }),
    draw("rect", { class: "tone", x: x + 8, y: y + 10, width: 10, height: 10, rx: 2, style: { "--hue": hue(name) } }),
    // It cuts off what is too wide.
    draw("svg", { x, y, width: width - 6, height },
      draw("text", { x: 24, y: 19, class: "name" }, name), " ",
      draw("text", { x: 8, y: 37, class: "facts" }, facts)),
    draw("title", {}, `${name}: ${facts}`));
}
