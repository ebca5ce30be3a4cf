import { make, swatch } from "./dom.js";

// Names and texts that may be long: what stands below them must stay in sight.

// A text that is longer, in characters or lines, is shown when it is asked for.
const LENGTH = 300;
const LINES = 6;

// A name on two lines at most; the rest is its title.
export const clamped = (name, className = "") => make("span", { className: `clamp ${className}`.trim(), title: name }, name);

export const serviceName = (service, after = "") => [swatch(service), " ", clamped(service), after];

// Text of any length: of a long one the beginning, until it is opened.
export function long(text) {
  const lines = text.split("\n", LINES + 1);
  if (text.length <= LENGTH && lines.length <= LINES) return text;
  return make("details", { className: "long" },
    make("summary", {}, make("span", { className: "excerpt" }, text.slice(0, LENGTH))), text);
}
