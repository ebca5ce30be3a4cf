import { byId, hue, make } from "./dom.js";
import { duration, instant } from "./text.js";

// The least that is shown, in microseconds: what the ruler's ticks can tell apart.
const LEAST = 4;

// A pointer that moves less, in pixels, clicks.
const CLICK = 5;

// Which part of the trace's time is shown. It is chosen on an overview of the whole, with buttons, or by the methods of their names.
export class Zoom {
  #trace;
  #state;
  #changed = () => {};
  #overview = byId("overview");
  // Microseconds after the trace's start.
  #from = 0;
  #to = 0;

  // `state` has the selected span, if there is one; `text` is a link's.
  constructor(trace, state, text, changed) {
    this.#trace = trace;
    this.#state = state;
    const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
    this.#set(Number(from ?? 0), Number(to ?? trace.duration));
    this.#changed = changed;
    this.#listen();
    new ResizeObserver(() => this.#paint()).observe(this.#overview);
  }

  // In microseconds since 1970.
  get range() {
    return { start: this.#trace.start + this.#from, duration: this.#length };
  }

  // As it is in a link; empty where the whole is shown.
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
    this.#set(0, this.#trace.duration);
  }

  // More of the trace is known; the part that is shown stays.
  grow(trace) {
    const { text } = this;
    const moved = this.#trace.start - trace.start;
    this.#trace = trace;
    if (text) this.#set(this.#from + moved, this.#to + moved);
    else this.whole();
    this.#paint();
  }

  get #length() {
    return this.#to - this.#from;
  }

  // Around the middle of the selected span, where it is in sight.
  #scale(factor) {
    const { selected } = this.#state;
    const middle = selected ? selected.span.startTime - this.#trace.start + selected.span.duration / 2 : -1;
    const inSight = middle >= this.#from && middle <= this.#to;
    this.#around(inSight ? middle : (this.#from + this.#to) / 2, this.#length * factor);
  }

  #around(middle, length) {
    const whole = this.#trace.duration;
    const from = Math.min(Math.max(0, middle - length / 2), Math.max(0, whole - length));
    this.#set(from, from + length);
  }

  #set(from, to) {
    const whole = this.#trace.duration;
    this.#from = Math.round(Math.max(0, Math.min(from, whole - LEAST)));
    this.#to = Math.round(Math.min(whole, Math.max(to, this.#from + LEAST)));
    this.#tell();
    this.#changed();
  }

  #tell() {
    this.#mark(this.#from, this.#to);
    const step = this.#length / 4;
    const ticks = [0, 1, 2, 3, 4].map((tick) => instant(Math.round(this.#from + tick * step), step));
    byId("ticks").replaceChildren(...ticks.map((tick) => make("span", {}, tick)));
    byId("ticks").classList.toggle("long", ticks.some((tick) => tick.length > 8));
    byId("shown").textContent = this.text ? `${ticks[0]} to ${ticks[4]} of ${duration(this.#trace.duration)}` : "";
  }

  // What is not shown is dimmed on the overview.
  #mark(from, to) {
    const percent = (us) => `${(100 * us) / (this.#trace.duration || 1)}%`;
    this.#overview.style.setProperty("--before", percent(from));
    this.#overview.style.setProperty("--after", percent(this.#trace.duration - to));
  }

  // A line for each span, from the first at the top to the last at the bottom.
  #paint() {
    const canvas = this.#overview.firstElementChild;
    const { nodes, start, duration } = this.#trace;
    const width = (canvas.width = canvas.clientWidth * devicePixelRatio);
    const height = (canvas.height = canvas.clientHeight * devicePixelRatio);
    const context = canvas.getContext("2d");
    const scale = width / (duration || 1);
    for (const { span, service, index } of nodes) {
      context.fillStyle = `oklch(.64 .14 ${hue(service)})`;
      const x = (span.startTime - start) * scale;
      context.fillRect(Math.min(x, width - 2), (height * index) / nodes.length, Math.max(2, span.duration * scale), Math.max(1, height / nodes.length - 1));
    }
  }

  #listen() {
    for (const name of ["in", "out", "earlier", "later", "whole"]) byId(name).addEventListener("click", () => this[name]());
    const overview = this.#overview;
    let drag = null;
    const at = ({ clientX }) => this.#trace.duration * Math.min(1, Math.max(0, (clientX - drag.left) / drag.width));
    const ends = (event) => [drag.us, at(event)].sort((a, b) => a - b);
    overview.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const { left, width } = overview.getBoundingClientRect();
      drag = { left, width, x: event.clientX };
      drag.us = at(event);
      overview.setPointerCapture(event.pointerId);
    });
    overview.addEventListener("pointermove", (event) => {
      if (drag) this.#mark(...ends(event));
    });
    overview.addEventListener("pointerup", (event) => {
      if (!drag) return;
      const isClick = Math.abs(event.clientX - drag.x) < CLICK;
      if (isClick) this.#around(drag.us, this.#length);
      else this.#set(...ends(event));
      drag = null;
    });
    overview.addEventListener("pointercancel", () => {
      drag = null;
      this.#mark(this.#from, this.#to);
    });
    overview.addEventListener("dblclick", () => this.whole());
  }
}
