// @ts-check
/** @import { SearchQuery } from "./types.d.ts" */
import { byId, make } from "./dom.js";
import * as logfmt from "./logfmt.js";
import { CUSTOM, limitOf, linkOf, PLAIN, readTags, remarks, tagsInLink, tagsOf } from "./search_query.js";
import { fromLocal, lookback, microseconds, toLocal, zone } from "./time_range.js";

// The search form: a link fills it in, and submitting it makes a link.

/** @typedef {HTMLInputElement | HTMLSelectElement} Field */

const form = byId("query", HTMLFormElement);

/**
 * @template {Field} T
 * @param {string} name
 * @param {{ new (): T }} type
 * @returns {T}
 */
function fieldOf(name, type) {
  const field = form.elements.namedItem(name);
  if (!(field instanceof type)) throw new TypeError(`there is no ${type.name} named ${name}`);
  return field;
}

export const fields = {
  service: fieldOf("service", HTMLSelectElement),
  operation: fieldOf("operation", HTMLSelectElement),
  tags: fieldOf("tags", HTMLInputElement),
  minDuration: fieldOf("minDuration", HTMLInputElement),
  maxDuration: fieldOf("maxDuration", HTMLInputElement),
  lookback: fieldOf("lookback", HTMLSelectElement),
  start: fieldOf("start", HTMLInputElement),
  end: fieldOf("end", HTMLInputElement),
  limit: fieldOf("limit", HTMLInputElement),
};

/** @typedef {keyof typeof fields} FieldName */

const ENDS = /** @type {const} */ (["start", "end"]);

// The exact times of a link by field and shown text: the fields have no microseconds.
/** @type {Map<string, number>} */
const exact = new Map();

/** @param {string} name */
const option = (name) => make("option", { value: name }, name);

/**
 * Sets a field. A link may name a value that is not offered: a service that has not sent spans yet,
 * or any lookback.
 * @param {Field} field
 * @param {string} value
 */
export function setField(field, value) {
  const offered = !(field instanceof HTMLSelectElement) || [...field.options].some((option) => option.value === value);
  if (!offered) field.append(option(value));
  field.value = value;
}

/**
 * Adds options that are not offered yet.
 * @param {HTMLSelectElement} field
 * @param {string[]} names
 */
export function offer(field, names) {
  const offered = [...field.options].map(({ value }) => value);
  field.append(...names.filter((name) => !offered.includes(name)).map(option));
}

/**
 * Fills in the form. Returns whether the whole link is valid; problems are shown beside the fields.
 * @param {URLSearchParams} link
 */
export function fillForm(link) {
  for (const name of PLAIN) {
    const value = link.get(name);
    if (value) setField(fields[name], value);
  }
  byId("notes").textContent = remarks(link).join(" ");
  const limit = link.get("limit");
  return checkEach([
    ["tags", () => {
      // Stays as it is written if it is invalid.
      fields.tags.value = link.getAll("tags").join(" ");
      fields.tags.value = logfmt.write(tagsOf(link));
    }],
    ["limit", () => {
      if (limit) fields.limit.value = limitOf(limit);
    }],
    ...rangeOf(link),
  ]);
}

/**
 * The steps that fill in the range of time. A range wins over a lookback: it is what the lookback
 * meant when the link was made.
 * @param {URLSearchParams} link
 * @returns {[FieldName, () => void][]}
 */
function rangeOf(link) {
  const given = ENDS.filter((name) => link.get(name));
  const text = link.get("lookback");
  return [
    ["lookback", () => {
      if (text && text !== CUSTOM) lookback(text);
      if (given.length > 0) setField(fields.lookback, CUSTOM);
      else if (text) setField(fields.lookback, text);
      showRange();
    }],
    ...given.map((name) => /** @type {[FieldName, () => void]} */ ([name, () => setTime(name, microseconds(name, link.get(name) ?? ""))])),
  ];
}

/**
 * @param {"start" | "end"} name
 * @param {number} us
 */
function setTime(name, us) {
  fields[name].value = toLocal(us);
  exact.set(name + fields[name].value, us);
}

/**
 * The query of the form; null if a field is invalid, which is shown beside it.
 * @returns {SearchQuery | null}
 */
export function readForm() {
  /** @type {SearchQuery} */
  const query = Object.fromEntries(PLAIN.map((name) => [name, fields[name].value]));
  const valid = checkEach([
    ["tags", () => {
      query.tags = tagsInLink(readTags(fields.tags.value));
    }],
    ["limit", () => {
      query.limit = fields.limit.value;
    }],
    ["lookback", () => {
      query.lookback = fields.lookback.value;
    }],
    ["start", () => {
      query.start = timeOf("start");
    }],
    ["end", () => {
      query.end = timeOf("end");
      if (query.start && query.end && Number(query.end) < Number(query.start)) throw new Error("This is earlier than From.");
    }],
  ]);
  return valid ? query : null;
}

/** @param {"start" | "end"} name */
function timeOf(name) {
  const { value, disabled } = fields[name];
  return disabled || !value ? "" : String(exact.get(name + value) ?? fromLocal(value));
}

/**
 * Runs the step of each field and shows beside the field why it failed. Returns whether none did.
 * @param {[FieldName, () => void][]} steps
 */
function checkEach(steps) {
  const problems = steps.map(([name, step]) => /** @type {const} */ ([name, problemOf(step)]));
  for (const [name, text] of problems) {
    byId(`${name}-problem`).textContent = text;
    fields[name].setAttribute("aria-invalid", String(text !== ""));
  }
  return problems.every(([, text]) => text === "");
}

/** @param {() => void} step */
function problemOf(step) {
  try {
    step();
    return "";
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

let lastLookback = "";

function showRange() {
  const custom = fields.lookback.value === CUSTOM;
  if (!custom) lastLookback = fields.lookback.value;
  for (const name of ENDS) {
    fields[name].disabled = !custom;
    const parent = fields[name].parentElement;
    if (parent) parent.hidden = !custom;
  }
}

// A new range starts as the range of the lookback before it, in whole minutes.
fields.lookback.addEventListener("change", () => {
  showRange();
  if (fields.start.disabled || fields.start.value || fields.end.value || !lastLookback) return;
  const minute = 60e6;
  const now = Math.ceil((Date.now() * 1000) / minute) * minute;
  setTime("start", now - Math.ceil(lookback(lastLookback) / minute) * minute);
  setTime("end", now);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const query = readForm();
  if (query) location.assign(`${form.action}?${linkOf(query)}`);
  else form.querySelector(/** @type {"input"} */ ("[aria-invalid=true]"))?.focus();
});

for (const element of form.querySelectorAll(".zone")) element.textContent = `(${zone})`;
showRange();
