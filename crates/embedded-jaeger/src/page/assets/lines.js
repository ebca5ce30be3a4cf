// @ts-check
/** @import { LogLine } from "./types.d.ts" */
import { make } from "./dom.js";
import { longText, serviceName } from "./long_text.js";
import { time } from "./text.js";

/**
 * The element of a log line.
 * @param {LogLine} line
 * @param {string} at the line's time, as it is shown
 * @param {Node | string} link to the line's span or trace
 */
export function lineElement({ service, level, target, message, time: us }, at, link) {
  return make("li", {},
    make("time", { title: time(us) }, at),
    make("span", { className: "service" }, ...serviceName(service)),
    make("span", { className: `level ${(level ?? "").toLowerCase()}` }, level ?? ""),
    make("span", { className: "message", title: target ?? "" }, longText(message)),
    link);
}

/**
 * Makes these the elements of the list. Those that are in it already are not moved, so that they
 * keep the focus and the selection.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} elements
 */
export function arrange(list, elements) {
  /** @type {Set<Element>} */
  const wanted = new Set(elements);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, index) => {
    const there = list.children[index] ?? null;
    if (there !== element) list.insertBefore(element, there);
  });
}
