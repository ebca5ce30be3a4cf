// @ts-check
/** @import { CriticalPath, Range, Span, SpanNode } from "./types.d.ts" */
import { bars } from "./bars.js";
import { make, swatch } from "./dom.js";
import { tag } from "./model.js";
import { duration } from "./text.js";

// Rows that are drawn above and below the visible ones.
const SPARE = 5;

const TRANSPORTS = new Map(Object.entries({ grpc: "gRPC", http: "HTTP", "udp-compact": "UDP", "udp-binary": "UDP" }));

/**
 * The transport by which a span came; undefined if its receiver did not record it.
 * @param {Span} span
 */
export const transport = (span) => {
  const receiver = tag(span, "internal.span.receiver");
  return receiver === undefined ? undefined : TRANSPORTS.get(String(receiver)) ?? String(receiver);
};

/**
 * The part of the page's state that the rows show.
 * @typedef {object} RowState
 * @property {SpanNode | null} selected
 * @property {Set<SpanNode>} closed
 * @property {Set<SpanNode> | null} matches null without a filter
 * @property {Range} range
 * @property {CriticalPath} critical
 */

/** A list of spans; only its visible rows are in the document. */
export class Rows {
  #tree;
  #canvas;
  #state;
  /** @type {SpanNode[]} */
  #shown = [];
  /** @type {Map<SpanNode | null, number>} */
  #places = new Map();
  #height = 0;
  /** @type {Map<number, { row: HTMLElement, lane: HTMLElement }>} */
  #drawn = new Map();

  /**
   * @param {HTMLElement} tree
   * @param {HTMLElement} canvas
   * @param {RowState} state
   */
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

  /** @param {SpanNode[]} shown */
  show(shown) {
    this.#shown = shown;
    this.#places = new Map(shown.map((node, index) => [node, index]));
    this.#height = this.#rowHeight();
    this.#canvas.style.height = `${shown.length * this.#height}px`;
    this.#canvas.replaceChildren();
    this.#drawn.clear();
    this.#draw();
  }

  /**
   * The position of a node in the list; undefined if it is hidden.
   * @param {SpanNode | null} node
   */
  place(node) {
    return this.#places.get(node);
  }

  /** Marks the selected node and scrolls to it. */
  showSelection() {
    const { selected } = this.#state;
    for (const [index, { row }] of this.#drawn) row.ariaSelected = String(this.#shown[index] === selected);
    this.#reveal(this.place(selected));
    this.#draw();
  }

  /** Draws the bars anew after the range, or the marks in it, changed. */
  applyRange() {
    for (const [index, { lane }] of this.#drawn) lane.replaceChildren(...this.#bars(this.#shown[index]));
  }

  /** The number of rows by which the page keys move. */
  get page() {
    return Math.max(1, Math.floor(this.#tree.clientHeight / this.#height) - 1);
  }

  /** @param {number | undefined} place */
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
    for (const [index, { row }] of this.#drawn) {
      if (index >= first && index < last) continue;
      row.remove();
      this.#drawn.delete(index);
    }
    for (let index = first; index < last; index++) {
      if (this.#drawn.has(index)) continue;
      const drawn = this.#row(this.#shown[index], index);
      this.#drawn.set(index, drawn);
      this.#canvas.append(drawn.row);
    }
    // Only a row that is in the document may be the active descendant.
    const { selected } = this.#state;
    const place = this.place(selected);
    if (selected && place !== undefined && this.#drawn.has(place)) this.#tree.setAttribute("aria-activedescendant", rowId(selected));
    else this.#tree.removeAttribute("aria-activedescendant");
  }

  /**
   * @param {SpanNode} node
   * @param {number} index
   */
  #row(node, index) {
    const { selected, closed, matches } = this.#state;
    const { span, service } = node;
    const open = !closed.has(node);
    const canClose = node.children.length > 0 && !matches;
    const siblings = node.parent?.children;
    const from = transport(span);
    const lane = make("span", { className: "lane" }, ...this.#bars(node));
    const row = make("div", {
      id: rowId(node),
      className: matches && !matches.has(node) ? "row beside" : "row",
      role: "treeitem",
      "aria-level": node.depth + 1,
      "aria-selected": node === selected,
      ...(siblings ? { "aria-setsize": siblings.length, "aria-posinset": node.place + 1 } : {}),
      ...(canClose ? { "aria-expanded": open } : {}),
      style: { transform: `translateY(${index * this.#height}px)` },
    },
      make("span", { className: "label", style: { "--depth": String(node.depth) } },
        make("span", { className: "toggle", ariaHidden: "true" }, canClose ? (open ? "▾" : "▸") : ""),
        swatch(service),
        node.failed ? mark("error", "error", "!") : "",
        node.orphanOf ? mark("warning", `its parent ${node.orphanOf} is missing`, "?") : "",
        make("span", { className: "name", title: `${service}: ${span.operationName}` },
          make("strong", {}, service), ` ${span.operationName}`),
        from ? make("span", { className: "path" }, from) : ""),
      make("span", { className: "duration" }, duration(span.duration)),
      lane);
    row.dataset.index = String(index);
    return { row, lane };
  }

  /** @param {SpanNode} node */
  #bars(node) {
    return bars(node, this.#state.range, this.#state.critical.get(node));
  }
}

/**
 * A sign with a name for its title and for screen readers.
 * @param {string} className
 * @param {string} name
 * @param {string} sign
 */
const mark = (className, name, sign) => make("span", { className: `mark ${className}`, title: name, ariaLabel: name, role: "img" }, sign);

/** @param {SpanNode} node */
const rowId = (node) => `span-${node.index}`;
