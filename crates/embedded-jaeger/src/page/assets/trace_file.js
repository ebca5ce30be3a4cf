// @ts-check
/** @import { ApiTrace } from "./types.d.ts" */
import { ask } from "./api.js";
import { validate } from "./validate.js";

// The most bytes of all files that are opened together; the server accepts as much of OTLP.
const MAX_BYTES = 32 * 1024 * 1024;

/** @typedef {Record<string, unknown>} Fields */

/**
 * Reads the traces of saved files: answers of the query API, single traces, lists of them, and
 * OTLP's JSON. A file is one document, or has one on each line. Of traces with the same id the last
 * one counts.
 * @param {File[]} files
 * @returns {Promise<ApiTrace[]>}
 * @throws {Error} that names the file
 */
export async function readTraces(files) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > MAX_BYTES) throw new Error(`${namesOf(files)}: too large with ${mebibytes(size)}; at most ${mebibytes(MAX_BYTES)} can be opened.`);
  /** @type {Map<string, ApiTrace>} */
  const traces = new Map();
  for (const file of files) {
    try {
      for (const trace of await tracesIn(await file.text())) traces.set(trace.traceID, trace);
    } catch (error) {
      throw new Error(`${file.name}: ${/** @type {Error} */ (error).message}`);
    }
  }
  return [...traces.values()];
}

/** @param {File[]} files */
export const namesOf = (files) => files.map(({ name }) => name).join(", ");

/** @param {number} size */
const mebibytes = (size) => `${(size / 1024 / 1024).toFixed(1)} MiB`;

/**
 * @param {string} text
 * @returns {Promise<ApiTrace[]>}
 */
async function tracesIn(text) {
  // An answer of the API has its traces as `data`.
  const all = documentsIn(text).flatMap((document) => /** @type {Fields | null} */ (document)?.data ?? document);
  const saved = all.filter(hasSpans);
  const otlp = all.filter(hasResourceSpans);
  if (saved.length + otlp.length < all.length) {
    throw new Error("a trace is expected, of Jaeger (with spans) or of OTLP (with resourceSpans); there is something else.");
  }
  const transformed = otlp.length > 0 ? await transform(otlp.flatMap(({ resourceSpans }) => resourceSpans)) : [];
  const traces = [...saved, ...transformed].filter(({ spans }) => spans.length > 0);
  if (traces.length === 0) throw new Error("there is no span in it.");
  return traces.map(validate);
}

/**
 * @param {unknown} value
 * @returns {value is Fields & { spans: unknown[] }}
 */
const hasSpans = (value) => Array.isArray(/** @type {Fields | null} */ (value)?.spans);

/**
 * @param {unknown} value
 * @returns {value is { resourceSpans: unknown[] }}
 */
const hasResourceSpans = (value) => Array.isArray(/** @type {Fields | null} */ (value)?.resourceSpans);

/**
 * @param {string} text
 * @returns {unknown[]}
 */
function documentsIn(text) {
  const whole = parse(text);
  if (whole !== undefined) return [whole];
  const lines = text.split("\n").map((line, index) => ({ line, number: index + 1 })).filter(({ line }) => line.trim());
  return lines.map(({ line, number }, index) => {
    const document = parse(line);
    if (document === undefined) throw new Error(index === 0 ? "this is not JSON." : `line ${number} is not JSON.`);
    return document;
  });
}

/**
 * Undefined if the text is not JSON.
 * @param {string} text
 * @returns {unknown}
 */
function parse(text) {
  try {
    return JSON.parse(text, exact);
  } catch {
    return undefined;
  }
}

/**
 * Keeps the text of a number that is too large for JavaScript; OTLP's JSON allows either form.
 * Older browsers do not pass the text.
 * @param {string} _key
 * @param {unknown} value
 * @param {{ source?: string }} [context]
 */
function exact(_key, value, context) {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? context?.source ?? value : value;
}

/**
 * Transforms OTLP on the server, as Jaeger's own UI does.
 * @param {unknown[]} resourceSpans
 */
async function transform(resourceSpans) {
  const headers = { "content-type": "application/json" };
  const data = await ask("/api/transform", { method: "POST", headers, body: JSON.stringify({ resourceSpans }) });
  return /** @type {(Fields & { spans: unknown[] })[]} */ (data);
}
