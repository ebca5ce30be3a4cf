// @ts-check
/** @import { LogLine, LogLines, SpanNode, Trace } from "./types.d.ts" */
import { ask } from "./api.js";
import { byId, make } from "./dom.js";
import { hasLogs } from "./header.js";
import { arrange, lineElement } from "./lines.js";
import { clamped } from "./long_text.js";
import { clock } from "./text.js";

const LIMIT = 1000;

/** The log lines of a trace: all of them, or those of the selected span. */
export class TraceLines {
  #select;
  /** @type {LogLine[]} */
  #lines = [];
  #more = false;
  /** @type {Trace | null} */
  #trace = null;
  /** @type {SpanNode | null} */
  #selected = null;
  #narrow = false;
  /** @type {Map<number, HTMLElement>} */
  #elements = new Map();

  /** @param {(node: SpanNode) => void} select selects the span of a line */
  constructor(select) {
    this.#select = select;
    byId("lines").hidden = !hasLogs;
    byId("all-lines").addEventListener("click", () => this.narrow(false));
    byId("span-lines").addEventListener("click", () => this.narrow(true));
    byId("line-list").addEventListener("click", (event) => this.#clicked(event));
  }

  /** Whether only the lines of the selected span are shown. */
  get narrowed() {
    return this.#narrow;
  }

  /** @param {string} id the trace's */
  async load(id) {
    if (!hasLogs) return;
    const found = /** @type {LogLines} */ (await ask(`/page/logs?trace=${encodeURIComponent(id)}&limit=${LIMIT}`));
    this.#lines = found.lines;
    this.#more = found.more;
    this.#draw();
  }

  /**
   * @param {Trace} trace
   * @param {SpanNode | null} selected
   */
  show(trace, selected) {
    // A line shows the name of its span, which may be known only now.
    if (trace !== this.#trace) this.#elements.clear();
    this.#trace = trace;
    this.#selected = selected;
    this.#draw();
  }

  /** @param {boolean} narrow */
  narrow(narrow) {
    this.#narrow = narrow;
    this.#draw();
  }

  #draw() {
    const { spanID } = this.#selected?.span ?? {};
    const own = this.#lines.filter((line) => line.spanID === spanID);
    const lines = this.#narrow ? own : this.#lines;
    const all = byId("all-lines");
    all.textContent = this.#more ? `The newest ${this.#lines.length} of the trace` : `All lines of the trace (${this.#lines.length})`;
    all.setAttribute("aria-pressed", String(!this.#narrow));
    byId("span-lines").textContent = `Selected span (${own.length})`;
    byId("span-lines").setAttribute("aria-pressed", String(this.#narrow));
    byId("no-lines").hidden = lines.length > 0;
    byId("line-list").hidden = lines.length === 0;
    arrange(byId("line-list"), lines.map((line) => this.#element(line, !this.#narrow && line.spanID === spanID)));
  }

  /**
   * @param {LogLine} line
   * @param {boolean} selected
   */
  #element(line, selected) {
    let element = this.#elements.get(line.number);
    if (!element) {
      element = lineElement(line, clock(line.time), this.#link(line));
      element.dataset.span = line.spanID ?? "";
      this.#elements.set(line.number, element);
    }
    element.classList.toggle("selected", selected);
    return element;
  }

  /** @param {string | null | undefined} spanID */
  #node(spanID) {
    return this.#trace?.nodes.find((node) => node.span.spanID === spanID);
  }

  /** @param {LogLine} line */
  #link({ spanID }) {
    const node = this.#node(spanID);
    return node ? make("a", { href: `?span=${spanID}` }, clamped(node.span.operationName)) : "";
  }

  /**
   * Selects the span of a line: a mouse can click all of the line, the keyboard has its link.
   * @param {MouseEvent} event
   */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const node = this.#node(target.closest("li")?.dataset.span);
    if (!node || target.closest("summary") || event.ctrlKey || event.metaKey || String(getSelection())) return;
    event.preventDefault();
    this.#select(node);
  }
}
