import { bars } from "./bars.js";
import { make, swatch } from "./dom.js";
import { tag } from "./model.js";
import { duration } from "./text.js";

// Rows that are drawn above and below what is seen.
const SPARE = 5;

const PATHS = new Map(Object.entries({ grpc: "gRPC", http: "HTTP", "udp-compact": "UDP", "udp-binary": "UDP" }));

// How the span came, where its receiver says so.
export const path = (span) => {
  const receiver = tag(span, "internal.span.receiver");
  return PATHS.get(receiver) ?? receiver;
};

// A list of which only the rows that are seen are in the document.
export class Rows {
  #tree;
  #canvas;
  #state;
  #shown = [];
  #places = new Map();
  #height = 0;
  #drawn = new Map();

  // `state`: selected, closed (a set of nodes), matches (a set, or null without a filter), range, and critical (the path's sections of each node).
  constructor(tree, canvas, state) {
    this.#tree = tree;
    this.#canvas = canvas;
    this.#state = state;
    const draw = () => this.#draw();
    tree.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
    // Rows are higher on narrow screens.
    const resized = () => (this.#rowHeight() === this.#height ? draw() : this.show(this.#shown));
    new ResizeObserver(() => requestAnimationFrame(resized)).observe(tree);
  }

  show(shown) {
    this.#shown = shown;
    this.#places = new Map(shown.map((node, index) => [node, index]));
    this.#height = this.#rowHeight();
    this.#canvas.style.height = `${shown.length * this.#height}px`;
    this.#canvas.replaceChildren();
    this.#drawn.clear();
    this.#draw();
  }

  // Where a node is in the list; undefined where it is hidden.
  place(node) {
    return this.#places.get(node);
  }

  // After another node was selected.
  select() {
    const { selected } = this.#state;
    for (const [index, row] of this.#drawn) row.ariaSelected = this.#shown[index] === selected;
    this.#reveal(this.place(selected));
    this.#draw();
  }

  // After the range, or what is marked in it, changed.
  rule() {
    for (const [index, row] of this.#drawn) row.lastElementChild.replaceChildren(...this.#bars(this.#shown[index]));
  }

  get page() {
    return Math.max(1, Math.floor(this.#tree.clientHeight / this.#height) - 1);
  }

  #reveal(place) {
    if (place === undefined) return;
    const top = place * this.#height;
    if (top < this.#tree.scrollTop) this.#tree.scrollTop = top;
    const above = top + this.#height - this.#tree.clientHeight;
    if (above > this.#tree.scrollTop) this.#tree.scrollTop = above;
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
    const { selected } = this.#state;
    if (this.#drawn.has(this.place(selected))) this.#tree.setAttribute("aria-activedescendant", id(selected));
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
      row.setAttribute("aria-posinset", node.place + 1);
    }
    if (canClose) row.setAttribute("aria-expanded", open);
    const from = path(span);
    row.dataset.index = index;
    row.append(
      make("span", { className: "label", style: { "--depth": String(node.depth) } },
        make("span", { className: "toggle", ariaHidden: "true" }, canClose ? (open ? "▾" : "▸") : ""),
        swatch(service),
        node.failed ? mark("error", "error", "!") : "",
        node.orphanOf ? mark("warning", `its parent ${node.orphanOf} is missing`, "?") : "",
        make("span", { className: "name", title: `${service}: ${span.operationName}` },
          make("strong", {}, service), ` ${span.operationName}`),
        from ? make("span", { className: "path" }, from) : ""),
      make("span", { className: "duration" }, duration(span.duration)),
      make("span", { className: "lane" }, ...this.#bars(node)),
    );
    return row;
  }

  #bars(node) {
    return bars(node, this.#state.range, this.#state.critical.get(node));
  }
}

const mark = (className, says, sign) => make("span", { className: `mark ${className}`, title: says, ariaLabel: says, role: "img" }, sign);

const id = (node) => `span-${node.index}`;
