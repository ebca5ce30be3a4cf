// @ts-check
/** @import { SpanNode, Trace } from "./types.d.ts" */
import { byId, hue, make } from "./dom.js";
import { duration, instant } from "./text.js";

// The shortest range in microseconds, on which the ruler's ticks still differ.
const MIN_LENGTH = 4;

// A pointer that moves fewer pixels is a click.
const CLICK = 5;

/** @typedef {[from: number, to: number]} Ends microseconds after the trace's start */

/**
 * The range that the `zoom` of a link names; null if it is none.
 * @param {string | null} text
 * @returns {Ends | null}
 */
export function parseZoom(text) {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text ?? "") ?? [];
  return from === undefined ? null : [Number(from), Number(to)];
}

/**
 * The range in whole microseconds, within the trace and not too short.
 * @param {Ends} ends
 * @param {number} whole the trace's duration
 * @returns {Ends}
 */
export function clampEnds([from, to], whole) {
  const start = Math.round(Math.max(0, Math.min(from, whole - MIN_LENGTH)));
  return [start, Math.round(Math.min(whole, Math.max(to, start + MIN_LENGTH)))];
}

/**
 * A range of this length around a point, moved into the trace.
 * @param {number} middle
 * @param {number} length
 * @param {number} whole the trace's duration
 * @returns {Ends}
 */
export function endsAround(middle, length, whole) {
  const from = Math.min(Math.max(0, middle - length / 2), Math.max(0, whole - length));
  return [from, from + length];
}

/**
 * The part of the trace's time that is shown. It is chosen on an overview of the whole, with the
 * buttons, or by the methods with the names of these.
 */
export class Zoom {
  #trace;
  #state;
  #changed = () => {};
  #overview = byId("overview");
  #from = 0;
  #to = 0;

  /**
   * @param {Trace} trace
   * @param {{ selected: SpanNode | null }} state
   * @param {string | null} text the range in a link
   * @param {() => void} changed
   */
  constructor(trace, state, text, changed) {
    this.#trace = trace;
    this.#state = state;
    this.#set(parseZoom(text) ?? [0, trace.duration]);
    this.#changed = changed;
    this.#listen();
    new ResizeObserver(() => this.#paint()).observe(this.#overview);
  }

  /** The range in microseconds, starting from 1970. */
  get range() {
    return { start: this.#trace.start + this.#from, duration: this.#length };
  }

  /** The range as it is in a link; empty if the whole is shown. */
  get text() {
    return this.#length < this.#trace.duration ? `${this.#from}-${this.#to}` : "";
  }

  in() {
    this.#scale(1 / 2);
  }

  out() {
    this.#scale(2);
  }

  earlier() {
    this.#around(this.#from + this.#length / 4, this.#length);
  }

  later() {
    this.#around(this.#to - this.#length / 4, this.#length);
  }

  whole() {
    this.#set([0, this.#trace.duration]);
  }

  /**
   * Takes a trace with more spans; the part that is shown stays.
   * @param {Trace} trace
   */
  grow(trace) {
    const { text } = this;
    const moved = this.#trace.start - trace.start;
    this.#trace = trace;
    if (text) this.#set([this.#from + moved, this.#to + moved]);
    else this.whole();
    this.#paint();
  }

  get #length() {
    return this.#to - this.#from;
  }

  /**
   * Scales around the middle of the selected span if that is visible.
   * @param {number} factor
   */
  #scale(factor) {
    const { selected } = this.#state;
    const middle = selected ? selected.span.startTime - this.#trace.start + selected.span.duration / 2 : -1;
    const inSight = middle >= this.#from && middle <= this.#to;
    this.#around(inSight ? middle : (this.#from + this.#to) / 2, this.#length * factor);
  }

  /**
   * @param {number} middle
   * @param {number} length
   */
  #around(middle, length) {
    this.#set(endsAround(middle, length, this.#trace.duration));
  }

  /** @param {Ends} ends */
  #set(ends) {
    [this.#from, this.#to] = clampEnds(ends, this.#trace.duration);
    this.#showRuler();
    this.#changed();
  }

  #showRuler() {
    this.#mark([this.#from, this.#to]);
    const step = this.#length / 4;
    const ticks = [0, 1, 2, 3, 4].map((tick) => instant(Math.round(this.#from + tick * step), step));
    byId("ticks").replaceChildren(...ticks.map((tick) => make("span", {}, tick)));
    byId("ticks").classList.toggle("long", ticks.some((tick) => tick.length > 8));
    byId("shown").textContent = this.text ? `${ticks[0]} to ${ticks[4]} of ${duration(this.#trace.duration)}` : "";
  }

  /**
   * Dims the overview outside of the range.
   * @param {Ends} ends
   */
  #mark([from, to]) {
    const percent = (/** @type {number} */ us) => `${(100 * us) / (this.#trace.duration || 1)}%`;
    this.#overview.style.setProperty("--before", percent(from));
    this.#overview.style.setProperty("--after", percent(this.#trace.duration - to));
  }

  // Draws a line for each span, from the first at the top to the last at the bottom.
  #paint() {
    const canvas = /** @type {HTMLCanvasElement} */ (this.#overview.firstElementChild);
    const { nodes, start, duration } = this.#trace;
    const width = (canvas.width = canvas.clientWidth * devicePixelRatio);
    const height = (canvas.height = canvas.clientHeight * devicePixelRatio);
    const context = canvas.getContext("2d");
    if (!context) return;
    const scale = width / (duration || 1);
    for (const { span, service, index } of nodes) {
      context.fillStyle = `oklch(.64 .14 ${hue(service)})`;
      const x = (span.startTime - start) * scale;
      context.fillRect(Math.min(x, width - 2), (height * index) / nodes.length, Math.max(2, span.duration * scale), Math.max(1, height / nodes.length - 1));
    }
  }

  #listen() {
    for (const name of /** @type {const} */ (["in", "out", "earlier", "later", "whole"])) {
      byId(name).addEventListener("click", () => this[name]());
    }
    const overview = this.#overview;
    /**
     * The place of the overview, and where the drag began.
     * @typedef {{ left: number, width: number, x: number }} Drag
     */
    /** @type {Drag | null} */
    let drag = null;
    const at = (/** @type {Drag} */ { left, width }, /** @type {number} */ x) =>
      this.#trace.duration * Math.min(1, Math.max(0, (x - left) / width));
    const endsOf = (/** @type {Drag} */ drag, /** @type {number} */ x) =>
      /** @type {Ends} */ ([at(drag, drag.x), at(drag, x)].sort((a, b) => a - b));
    overview.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const { left, width } = overview.getBoundingClientRect();
      drag = { left, width, x: event.clientX };
      overview.setPointerCapture(event.pointerId);
    });
    overview.addEventListener("pointermove", ({ clientX }) => {
      if (drag) this.#mark(endsOf(drag, clientX));
    });
    overview.addEventListener("pointerup", ({ clientX }) => {
      if (!drag) return;
      const isClick = Math.abs(clientX - drag.x) < CLICK;
      if (isClick) this.#around(at(drag, drag.x), this.#length);
      else this.#set(endsOf(drag, clientX));
      drag = null;
    });
    overview.addEventListener("pointercancel", () => {
      drag = null;
      this.#mark([this.#from, this.#to]);
    });
    overview.addEventListener("dblclick", () => this.whole());
  }
}
