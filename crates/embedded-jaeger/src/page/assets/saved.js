import { ask } from "./api.js";
import { checked } from "./checked.js";

// Bytes of all files that are opened together; the server takes as much of OTLP.
const MOST = 32 * 1024 * 1024;

// The traces of saved files in the form of the query API: of its answers, of single traces and lists of them, and of OTLP's JSON. A file is
// one document, or has one on each line. Of traces with the same id the last one is taken.
export async function tracesOf(files) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > MOST) throw new Error(`${names(files)}: too large with ${mebibytes(size)}; at most ${mebibytes(MOST)} can be opened.`);
  const traces = new Map();
  for (const file of files) {
    for (const trace of await named(file, tracesIn)) traces.set(trace.traceID, trace);
  }
  return [...traces.values()];
}

export const names = (files) => files.map(({ name }) => name).join(", ");

const mebibytes = (size) => `${(size / 1024 / 1024).toFixed(1)} MiB`;

// What `read` makes of the file. An exception names the file.
async function named(file, read) {
  try {
    return await read(file);
  } catch (error) {
    throw new Error(`${file.name}: ${error.message}`);
  }
}

async function tracesIn(file) {
  const documents = documentsIn(await file.text());
  // An answer of the API has its traces as `data`.
  const all = documents.flatMap((document) => document?.data ?? document);
  const saved = all.filter((it) => Array.isArray(it?.spans));
  const otlp = all.filter((it) => Array.isArray(it?.resourceSpans));
  if (saved.length + otlp.length < all.length) {
    throw new Error("a trace is expected, of Jaeger (with spans) or of OTLP (with resourceSpans); there is something else.");
  }
  if (otlp.length > 0) saved.push(...await transformed(otlp.flatMap(({ resourceSpans }) => resourceSpans)));
  const traces = saved.filter(({ spans }) => spans.length > 0);
  if (traces.length === 0) throw new Error("there is no span in it.");
  return traces.map(checked);
}

function documentsIn(text) {
  const whole = parsed(text);
  if (whole !== undefined) return [whole];
  const lines = text.split("\n").map((line, index) => [line, index + 1]).filter(([line]) => line.trim());
  return lines.map(([line, number], index) => {
    const document = parsed(line);
    if (document === undefined) throw new Error(index === 0 ? "this is not JSON." : `line ${number} is not JSON.`);
    return document;
  });
}

function parsed(text) {
  try {
    return JSON.parse(text, exact);
  } catch {
    return undefined;
  }
}

// A number that a script cannot hold stays text, as which OTLP's JSON has it, too. Older browsers do not tell the text.
function exact(key, value, context) {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? context?.source ?? value : value;
}

// As Jaeger's own UI has it done.
function transformed(resourceSpans) {
  const headers = { "content-type": "application/json" };
  return ask("/api/transform", { method: "POST", headers, body: JSON.stringify({ resourceSpans }) });
}
