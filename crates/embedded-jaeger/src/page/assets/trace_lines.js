import { ask } from "./api.js";
import { byId, make } from "./dom.js";
import { hasLogs } from "./header.js";
import { arrange, lineElement } from "./lines.js";
import { clamped } from "./long.js";
import { clock } from "./text.js";

const LIMIT = 1000;

// The log lines of a trace: all of them, or those of the selected span.
export class TraceLines {
  #pick;
  #lines = [];
  #more = false;
  #trace = null;
  #selected = null;
  #narrow = false;
  #elements = new Map();

  // `pick` selects the span of a line.
  constructor(pick) {
    this.#pick = pick;
    byId("lines").hidden = !hasLogs;
    byId("all-lines").addEventListener("click", () => this.narrow(false));
    byId("span-lines").addEventListener("click", () => this.narrow(true));
    byId("line-list").addEventListener("click", (event) => this.#clicked(event));
  }

  get narrowed() {
    return this.#narrow;
  }

  async load(id) {
    if (!hasLogs) return;
    const found = await ask(`/page/logs?trace=${encodeURIComponent(id)}&limit=${LIMIT}`);
    this.#lines = found.lines;
    this.#more = found.more;
    this.#draw();
  }

  show(trace, selected) {
    // Lines are named after their spans, and more of these may be known now.
    if (trace !== this.#trace) this.#elements.clear();
    this.#trace = trace;
    this.#selected = selected;
    this.#draw();
  }

  // Whether only the selected span's lines are shown.
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
    all.setAttribute("aria-pressed", !this.#narrow);
    byId("span-lines").textContent = `Selected span (${own.length})`;
    byId("span-lines").setAttribute("aria-pressed", this.#narrow);
    byId("no-lines").hidden = lines.length > 0;
    byId("line-list").hidden = lines.length === 0;
    arrange(byId("line-list"), lines.map((line) => this.#element(line, !this.#narrow && line.spanID === spanID)));
  }

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

  #node = (spanID) => this.#trace?.nodes.find((node) => node.span.spanID === spanID);

  #link({ spanID }) {
    const node = this.#node(spanID);
    return node ? make("a", { href: `?span=${spanID}` }, clamped(node.span.operationName)) : "";
  }

  // The whole line, for those with a mouse; its link, for all.
  #clicked(event) {
    const node = this.#node(event.target.closest("li")?.dataset.span);
    if (!node || event.target.closest("summary") || event.ctrlKey || event.metaKey || String(getSelection())) return;
    event.preventDefault();
    this.#pick(node);
  }
}
