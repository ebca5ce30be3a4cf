// @ts-check
/** @import { ApiTrace, SearchQuery, Trace } from "./types.d.ts" */
import { traceAddress } from "./address.js";
import { ask } from "./api.js";
import { byId, hue, make, refill } from "./dom.js";
import { fields, fillForm, offer, readForm, setField } from "./form.js";
import { live } from "./live.js";
import { clamped, serviceName } from "./long_text.js";
import { lackOf, nameOf, plainId, read, services } from "./model.js";
import { scatter } from "./scatter.js";
import { apiQuery } from "./search_query.js";
import { count, duration, excerpt, time } from "./text.js";

const link = new URLSearchParams(location.search);

// With ids everything else is ignored, as in the API.
const ids = link.getAll("traceID").filter(Boolean);

/** @param {string[]} ids */
const byIds = (ids) => new URLSearchParams(ids.map((id) => ["traceID", id]));

async function fillOperations() {
  if (!fields.service.value) return;
  const names = /** @type {string[] | null} */ (await ask(`/api/services/${encodeURIComponent(fields.service.value)}/operations`));
  fields.operation.length = 1;
  offer(fields.operation, names ?? []);
}

// Adds services that are new.
async function fillServices() {
  const names = /** @type {string[] | null} */ (await ask("/api/services")) ?? [];
  offer(fields.service, names);
  return names;
}

/**
 * @param {Trace} trace
 * @param {number} longest
 */
function result(trace, longest) {
  const { root, nodes, errors } = trace;
  const chips = [...services(nodes)].map(([service, spans]) => make("span", {}, ...serviceName(service, ` (${spans})`)));
  return make("li", {}, make("a", { href: traceAddress(root.span.traceID) },
    clamped(nameOf(trace), "name"),
    make("span", { className: "duration" }, duration(trace.duration)),
    make("span", { className: "services" }, ...chips),
    make("span", { className: "duration" }, count(nodes.length, "span"),
      errors.length > 0 ? make("span", { className: "error" }, `, ${count(errors.length, "error")}`) : "",
      trace.missing.length > 0 ? make("span", { className: "warning", title: lackOf(trace) }, ", incomplete") : ""),
    make("span", { className: "muted" }, time(trace.start)),
    make("span", { className: "length" }, make("span", {
      className: "bar",
      style: { "--hue": hue(root.service), width: `${(100 * trace.duration) / (longest || 1)}%` },
    })),
  ));
}

// The query of the link; null if it is invalid, undefined before the form was filled in. The form's
// own fields may be in change.
/** @type {SearchQuery | null | undefined} */
let query;
let messages = "/page/live";
/** @type {Trace[]} */
let traces = [];

/** @param {string[]} [changed] */
async function search(changed) {
  if (changed) return update(changed);
  const names = await fillServices();
  if (query === undefined && (names.length > 0 || link.has("service") || ids.length > 0)) await begin();
  if (query === null) return "Nothing was searched; see the form.";
  if (names.length === 0 && ids.length === 0) return "No spans have arrived yet.";
  return show(await find(wanted()), []);
}

async function begin() {
  const service = link.get("service");
  if (service) setField(fields.service, service);
  await fillOperations();
  query = fillForm(link) ? readForm() : null;
  if (query) messages += `?${wanted()}`;
}

const wanted = () => (ids.length > 0 ? byIds(ids) : apiQuery(query ?? {}));

/** @param {URLSearchParams} query */
async function find(query) {
  const found = /** @type {ApiTrace[]} */ (await ask(`/api/traces?${query}`));
  return found.map(read);
}

/**
 * Asks only for the traces that have changed, all of which the search finds.
 * @param {string[]} changed
 */
async function update(changed) {
  const others = traces.filter(({ root }) => !changed.includes(root.span.traceID));
  return show(await find(byIds(changed)), others);
}

/**
 * Shows what was found beside other traces that are already known. Returns the heading.
 * @param {Trace[]} found
 * @param {Trace[]} others
 */
function show(found, others) {
  const limit = ids.length > 0 ? Infinity : Number(query?.limit) || Infinity;
  traces = [...found, ...others].sort((a, b) => b.start - a.start).slice(0, limit);
  draw();
  const known = new Set(traces.map(({ root }) => plainId(root.span.traceID)));
  const missing = ids.filter((id) => !known.has(plainId(id)));
  return count(traces.length, "trace") + (missing.length > 0 ? `; not found: ${excerpt(missing.join(", "), 200)}` : "");
}

let drawn = "";

function draw() {
  const now = traces.map(({ root, nodes }) => `${root.span.traceID} ${nodes.length}`).join();
  if (now === drawn) return;
  drawn = now;
  const longest = traces.reduce((longest, trace) => Math.max(longest, trace.duration), 0);
  refill(byId("results"), ...traces.map((trace) => result(trace, longest)));
  scatter(byId("scatter"), traces);
}

/**
 * Shows the outcome in the heading of the results, which is read aloud when it changes.
 * @param {Promise<string | void>} work
 */
async function showStatus(work) {
  const text = await work.catch((error) => excerpt(error.message, 300));
  if (text && byId("found").textContent !== text) byId("found").textContent = text;
}

fields.service.addEventListener("change", () => showStatus(fillOperations()));
fields.service.addEventListener("focus", () => showStatus(fillServices().then(() => {})));
live(byId("pause"), (changed) => showStatus(search(changed)), () => messages);
