import { hue, make, swatch } from "./dom.js";
import { tag } from "./model.js";
import { duration } from "./text.js";

// Rows that are drawn above and below what is seen.
const SPARE = 10;

const PATHS = { grpc: "gRPC", http: "HTTP", "udp-compact": "UDP", "udp-binary": "UDP" };

// How the span came, where its receiver says so.
export const path = (span) => {
  const receiver = tag(span, "internal.span.receiver");
  return PATHS[receiver] ?? receiver;
};

// A list of which only the rows that are seen are in the document.
export class Rows {
  #tree;
  #canvas;
  #trace;
  #shown = [];
  #state = null;
  #height = 0;
  #drawn = new Map();

  constructor(tree, canvas, trace) {
    this.#tree = tree;
    this.#canvas = canvas;
    this.#trace = trace;
    const draw = () => this.#draw();
    tree.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
    // Rows are higher on narrow screens.
    const resized = () => (this.#rowHeight() === this.#height ? draw() : this.show(this.#shown, this.#state));
    new ResizeObserver(() => requestAnimationFrame(resized)).observe(tree);
  }

  set trace(trace) {
    this.#trace = trace;
  }

  // `state`: selected, closed (a set of nodes) and matches (a set, or null without a filter).
  show(shown, state) {
    this.#shown = shown;
    this.#state = state;
    this.#height = this.#rowHeight();
    this.#canvas.style.height = `${shown.length * this.#height}px`;
    this.#canvas.replaceChildren();
    this.#drawn.clear();
    this.#draw();
  }

  reveal(node) {
    const top = this.#shown.indexOf(node) * this.#height;
    if (top < this.#tree.scrollTop) this.#tree.scrollTop = top;
    const above = top + this.#height - this.#tree.clientHeight;
    if (above > this.#tree.scrollTop) this.#tree.scrollTop = above;
    this.#draw();
  }

  get page() {
    return Math.max(1, Math.floor(this.#tree.clientHeight / this.#height) - 1);
  }

  #rowHeight() {
    return parseFloat(getComputedStyle(this.#tree).getPropertyValue("--row"));
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.#tree.scrollTop / this.#height) - SPARE);
    const last = Math.min(this.#shown.length, Math.ceil((this.#tree.scrollTop + this.#tree.clientHeight) / this.#height) + SPARE);
    for (const [index, row] of this.#drawn) {
      if (index >= first && index < last) continue;
      row.remove();
      this.#drawn.delete(index);
    }
    for (let index = first; index < last; index++) {
      if (this.#drawn.has(index)) continue;
      const row = this.#row(this.#shown[index], index);
      this.#drawn.set(index, row);
      this.#canvas.append(row);
    }
    // Only a row that is in the document may be named.
    const selected = this.#state?.selected;
    if (selected && document.getElementById(id(selected))) this.#tree.setAttribute("aria-activedescendant", id(selected));
    else this.#tree.removeAttribute("aria-activedescendant");
  }

  #row(node, index) {
    const { selected, closed, matches } = this.#state;
    const { span, service } = node;
    const open = !closed.has(node);
    const canClose = node.children.length > 0 && !matches;
    const siblings = node.parent?.children;
    const row = make("div", {
      id: id(node),
      className: matches && !matches.has(node) ? "row beside" : "row",
      role: "treeitem",
      "aria-level": node.depth + 1,
      "aria-selected": node === selected,
      style: { transform: `translateY(${index * this.#height}px)` },
    });
    if (siblings) {
      row.setAttribute("aria-setsize", siblings.length);
      row.setAttribute("aria-posinset", siblings.indexOf(node) + 1);
    }
    if (canClose) row.setAttribute("aria-expanded", open);
    const from = path(span);
    row.dataset.index = index;
    row.append(
      make("span", { className: "label", style: { "--depth": String(node.depth) } },
        make("span", { className: "toggle", ariaHidden: "true" }, canClose ? (open ? "▾" : "▸") : ""),
        swatch(service),
        node.failed ? make("span", { className: "mark error", title: "error", ariaLabel: "error", role: "img" }, "!") : "",
        make("span", { className: "name", title: `${service}: ${span.operationName}` },
          make("strong", {}, service), ` ${span.operationName}`),
        from ? make("span", { className: "path" }, from) : ""),
      make("span", { className: "duration" }, duration(span.duration)),
      make("span", { className: "lane" }, this.#bar(node)),
    );
    return row;
  }

  #bar({ span, service, failed }) {
    const { start, duration } = this.#trace;
    const percent = (us) => `${(100 * us) / (duration || 1)}%`;
    return make("span", {
      className: failed ? "bar failed" : "bar",
      style: { "--hue": hue(service), left: `min(${percent(span.startTime - start)}, 100% - 2px)`, width: percent(span.duration) },
    });
  }
}

const id = (node) => `span-${node.index}`;
