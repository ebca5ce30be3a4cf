import { make } from "./dom.js";
import { long, serviceName } from "./long.js";
import { time } from "./text.js";

// A log line; `at` is its time as it is shown, and `link` leads to where it belongs.
export function lineElement({ service, level, message, time: us }, at, link) {
  return make("li", {},
    make("time", { title: time(us) }, at),
    make("span", { className: "service" }, ...serviceName(service)),
    make("span", { className: `level ${(level ?? "").toLowerCase()}` }, level ?? ""),
    make("span", { className: "message" }, long(message)),
    link);
}

// Makes these the list's elements. Those that are there already stay where they are, so that nobody who reads, selects or has the
// focus in one loses it.
export function arrange(list, elements) {
  const wanted = new Set(elements);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, index) => {
    const there = list.children[index] ?? null;
    if (there !== element) list.insertBefore(element, there);
  });
}
