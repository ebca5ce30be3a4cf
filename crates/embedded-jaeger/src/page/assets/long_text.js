// @ts-check
import { make, swatch } from "./dom.js";

// Names and texts of any length, which must not push the rest of the page out of sight.

// A text with more characters or lines is folded.
const MAX_LENGTH = 300;
const MAX_LINES = 6;

/**
 * A name on at most two lines; its title has all of it.
 * @param {string} name
 */
export const clamped = (name, className = "") => make("span", { className: `clamp ${className}`.trim(), title: name }, name);

/**
 * The name of a service after its swatch.
 * @param {string} service
 * @returns {(Node | string)[]}
 */
export const serviceName = (service, after = "") => [swatch(service), " ", clamped(service), after];

/**
 * A text; a long one shows only its beginning until it is unfolded.
 * @param {string} text
 */
export function longText(text) {
  if (!isLong(text)) return text;
  return make("details", { className: "long" },
    make("summary", {}, make("span", { className: "excerpt" }, text.slice(0, MAX_LENGTH))), text);
}

/** @param {string} text */
export const isLong = (text) => text.length > MAX_LENGTH || text.split("\n", MAX_LINES + 1).length > MAX_LINES;
