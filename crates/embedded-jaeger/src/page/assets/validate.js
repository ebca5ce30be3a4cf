// @ts-check
/** @import { ApiTrace, Process, Span, Tag } from "./types.d.ts" */

// Beyond this, numbers are not exact. As a time it is in the year 2255.
const MAX_MICROSECONDS = Number.MAX_SAFE_INTEGER;

/** @typedef {Record<string, unknown>} Fields */

/**
 * Makes a complete trace of one from an unknown source. Missing parts become empty; ids and times
 * are required.
 * @param {Fields & { spans: unknown[] }} trace
 * @returns {ApiTrace}
 * @throws {Error} that names the span and its invalid part
 */
export function validate(trace) {
  const traceID = id("traceID", trace.traceID ?? fieldsOf(trace.spans[0]).traceID);
  const processes = Object.fromEntries(Object.entries(fieldsOf(trace.processes)).map(([key, process]) => [key, processOf(process)]));
  const spans = trace.spans.map((span, index) => {
    try {
      return spanOf(fieldsOf(span), traceID, processes);
    } catch (error) {
      throw new Error(`span ${index + 1} of trace ${traceID}: ${/** @type {Error} */ (error).message}`);
    }
  });
  return { traceID, processes, spans };
}

/**
 * @param {Fields} span
 * @param {string} traceID
 * @param {Record<string, Process>} processes
 * @returns {Span}
 */
function spanOf(span, traceID, processes) {
  const processID = text(span.processID);
  return {
    traceID,
    processID: Object.hasOwn(processes, processID) ? processID : "",
    spanID: id("spanID", span.spanID),
    operationName: text(span.operationName),
    startTime: microseconds("startTime", span.startTime),
    duration: microseconds("duration", span.duration),
    references: objects(span.references).map(({ refType, traceID, spanID }) => ({
      refType: text(refType), traceID: id("traceID of a reference", traceID), spanID: id("spanID of a reference", spanID),
    })),
    tags: tagsOf(span.tags),
    logs: objects(span.logs).map(({ timestamp, fields }) => ({ timestamp: microseconds("timestamp", timestamp), fields: tagsOf(fields) })),
    warnings: list(span.warnings).map(text),
  };
}

/** @param {unknown} value */
function processOf(value) {
  const { serviceName, tags } = fieldsOf(value);
  return { serviceName: text(serviceName), tags: tagsOf(tags) };
}

/**
 * @param {unknown} tags
 * @returns {Tag[]}
 */
const tagsOf = (tags) => objects(tags).map(({ key, value }) => ({ key: text(key), value: text(value) }));

/**
 * @param {unknown} value
 * @returns {unknown[]}
 */
const list = (value) => (Array.isArray(value) ? value : []);

/**
 * @param {unknown} value
 * @returns {value is Fields}
 */
const isObject = (value) => typeof value === "object" && value !== null;

/**
 * @param {unknown} value
 * @returns {Fields}
 */
const fieldsOf = (value) => (isObject(value) ? value : {});

/** @param {unknown} value */
const objects = (value) => list(value).filter(isObject);

/**
 * @param {unknown} value
 * @returns {string}
 */
const text = (value) => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

/**
 * @param {string} name
 * @param {unknown} value
 */
function id(name, value) {
  if (typeof value === "string" && /^[0-9a-f]{1,32}$/i.test(value)) return value.toLowerCase();
  throw new Error(`${name} is ${shown(value)}; expected are 1 to 32 hexadecimal digits.`);
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function microseconds(name, value) {
  if (typeof value === "number" && Math.abs(value) <= MAX_MICROSECONDS) return value;
  throw new Error(`${name} is ${shown(value)}; expected is a number of microseconds.`);
}

/** @param {unknown} value */
const shown = (value) => (value === undefined ? "missing" : JSON.stringify(value).slice(0, 40));
