// @ts-check
import { excerpt } from "./text.js";

// Tags as they are typed: `key=value "my key"="two words" error`, where a key alone means true.
// This is logfmt as Jaeger's own page reads it; in addition, `=` may have blanks around it, and a
// value may contain `=`.

const BLANKS = /\s*/y;
const QUOTED = /"((?:[^"\\]|\\[^])*)"/y;
const KEY = /[^\s="]+/y;
const VALUE = /[^\s"]\S*/y;

/**
 * Reads tags; the last one of equal keys counts.
 * @param {string} text
 * @returns {Map<string, string>}
 * @throws {Error} that quotes the invalid part
 */
export function read(text) {
  /** @type {Map<string, string>} */
  const tags = new Map();
  let at = 0;
  const take = (/** @type {RegExp} */ pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found && (found[1] === undefined ? found[0] : found[1].replace(/\\(["\\])/g, "$1"));
  };
  const fail = (/** @type {string} */ why, from = at) => {
    throw new Error(`${excerpt(text.slice(from))}: ${why}`);
  };
  const quoted = () => {
    const start = at;
    const found = take(QUOTED) ?? fail("the closing quote is missing.");
    if (at < text.length && !/[\s=]/.test(text[at])) fail("a closing quote must be followed by a blank or =.", start);
    return found;
  };

  for (take(BLANKS); at < text.length; take(BLANKS)) {
    const start = at;
    if (text[at] === "=") fail("a key is missing before =.");
    const key = (text[at] === '"' ? quoted() : take(KEY)) ?? "";
    if (text[at] === '"') fail("put the whole key in quotes.", start);
    take(BLANKS);
    if (text[at] !== "=") {
      tags.set(key, "true");
      continue;
    }
    at++;
    const apart = take(BLANKS) !== "";
    const isQuoted = text[at] === '"';
    const value = isQuoted ? quoted() : take(VALUE) ?? "";
    if (isQuoted && text[at] === "=") fail("a closing quote must be followed by a blank.", start);
    if (apart && !isQuoted && value.includes("=")) fail(`write ${key}="" for an empty value, or ${key}="${value}".`, start);
    tags.set(key, value);
  }
  return tags;
}

/**
 * Writes tags as text that `read` or `fromJson` understands: on one line, or as JSON if a line
 * break makes that impossible.
 * @param {Map<string, string>} tags
 */
export function write(tags) {
  const all = [...tags];
  if (all.flat().some((text) => /[\n\r]/.test(text))) return JSON.stringify(Object.fromEntries(all));
  const quote = (/** @type {string} */ text) => `"${text.replace(/["\\]/g, "\\$&")}"`;
  const key = (/** @type {string} */ text) => (text === "" || /[\s="]/.test(text) || text.startsWith("{") ? quote(text) : text);
  const value = (/** @type {string} */ text) => (text === "" || /^"|\s/.test(text) ? quote(text) : text);
  return all.map(([name, text]) => `${key(name)}=${value(text)}`).join(" ");
}

/**
 * Reads tags from a JSON object, as in Jaeger's links. Whole numbers and booleans become text.
 * @param {string} text
 * @returns {Map<string, string>}
 * @throws {Error} that quotes the text
 */
export function fromJson(text) {
  let tags;
  try {
    tags = JSON.parse(text);
  } catch {
    throw new Error(`${excerpt(text)}: this starts like JSON and is not valid.`);
  }
  const entries = Object.entries(tags);
  const isText = (/** @type {unknown} */ value) => value === null || ["string", "boolean"].includes(typeof value) || Number.isSafeInteger(value);
  const odd = entries.find(([, value]) => !isText(value));
  if (odd) throw new Error(`${excerpt(text)}: the value of ${odd[0]} is not a string.`);
  return new Map(entries.map(([key, value]) => [key, String(value ?? "")]));
}
