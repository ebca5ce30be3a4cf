// @ts-check
/** @import { Call, Stats, OperationStats } from "./types.d.ts" */
/** @import { Column } from "./table.js" */
import { base } from "./address.js";
import { ask } from "./api.js";
import { byId, make } from "./dom.js";
import { graph } from "./graph.js";
import { live } from "./live.js";
import { clamped, serviceName } from "./long_text.js";
import { Table } from "./table.js";
import { count, duration, excerpt, number, share } from "./text.js";

const lookback = byId("lookback", HTMLSelectElement);
const state = new URLSearchParams(location.search);
const offered = [...lookback.options].map(({ value }) => value);
const wanted = state.get("lookback");
if (wanted && offered.includes(wanted)) lookback.value = wanted;
else if (wanted) byId("notes").textContent = `lookback=${excerpt(wanted)} is ignored: it must be one of ${offered.join(", ")}.`;

/**
 * @param {string} name
 * @param {string} value
 */
function writeUrl(name, value) {
  state.set(name, value);
  history.replaceState(null, "", `?${state}`);
}

/**
 * The address of a search for the spans behind a number.
 * @param {Record<string, string>} wanted
 */
const search = (wanted) => `${base}/search?${new URLSearchParams({ ...wanted, lookback: lookback.value })}`;

/**
 * A column of text.
 * @template {string} K
 * @template {Record<K, string>} R
 * @param {K} key
 * @param {string} title
 * @param {(row: R) => Node} cell
 * @returns {Column<R>}
 */
const text = (key, title, cell, head = false) => ({ key, title, value: (row) => row[key], cell, head });

/**
 * A column of numbers.
 * @template {string} K
 * @template {Record<K, number>} R
 * @param {K} key
 * @param {string} title
 * @param {(row: R) => string | Node} [cell]
 * @returns {Column<R>}
 */
const amount = (key, title, cell = (row) => number(row[key])) => ({ key, title, number: true, value: (row) => row[key], cell });

/**
 * The column of errors as a share of `whole`.
 * @template {string} K
 * @template {Record<K | "errors", number>} R
 * @param {K} whole
 * @returns {Column<R>}
 */
const errorShare = (whole) => ({
  key: "share", title: "Error share", number: true,
  value: (row) => row.errors / row[whole],
  cell: (row) => share(row.errors, row[whole]),
});

/** @param {string} name */
const service = (name) => make("span", {}, ...serviceName(name));

/**
 * A column of a percentile.
 * @param {"p50" | "p95" | "p99"} key
 */
const percentile = (key) => amount(key, key, (/** @type {OperationStats} */ row) => duration(row[key]));

/** @param {OperationStats} row */
function errorLink({ service, operation, errors }) {
  if (errors === 0) return "0";
  const href = search({ service, operation, tags: "error=true" });
  return make("a", { href, className: "error", ariaLabel: `${number(errors)} errors of ${service}: ${operation}` }, number(errors));
}

/** @param {OperationStats} row */
const operationLink = ({ service, operation }) => make("a", { href: search({ service, operation }) }, clamped(operation || "(no name)"));

/** @type {Table<Call>} */
const calls = new Table(byId("calls", HTMLTableElement), [
  text("parent", "From", ({ parent }) => service(parent), true),
  text("child", "To", ({ child }) => service(child)),
  amount("calls", "Calls"),
  amount("errors", "Errors"),
  errorShare("calls"),
], state.get("calls"), (sort) => writeUrl("calls", sort));

/** @type {Table<OperationStats>} */
const operations = new Table(byId("operations", HTMLTableElement), [
  text("service", "Service", (row) => service(row.service)),
  text("operation", "Operation", operationLink, true),
  amount("requests", "Requests"),
  amount("errors", "Errors", errorLink),
  errorShare("requests"),
  percentile("p50"), percentile("p95"), percentile("p99"),
], state.get("sort"), (sort) => writeUrl("sort", sort));

let shown = "";

async function show() {
  const stats = /** @type {Stats} */ (await ask(`/page/stats?lookback=${lookback.value}`));
  const none = stats.services.length === 0;
  byId("stats").hidden = none;
  const now = JSON.stringify([lookback.value, stats]);
  if (none || now === shown) return none ? "No spans within this time." : null;
  shown = now;
  const omitted = graph(byId("graph"), stats, (service) => search({ service }));
  calls.show(stats.calls);
  operations.show(stats.operations);
  byId("calls").hidden = stats.calls.length === 0;
  byId("left-out").textContent = [
    ...(omitted > 0 ? [`${count(omitted, "service")} with fewer requests not in the picture.`] : []),
    ...(stats.leftOut > 0 ? [`${count(stats.leftOut, "line")} with fewer requests left out.`] : []),
  ].join(" ");
  return count(stats.services.length, "service");
}

// Shows the outcome in the heading, which is read aloud when it changes.
async function update() {
  const text = await show().catch((error) => error.message);
  if (text && byId("found").textContent !== text) byId("found").textContent = text;
}

const updateNow = live(byId("pause"), update, () => "/page/live");
lookback.addEventListener("change", () => {
  writeUrl("lookback", lookback.value);
  byId("notes").textContent = "";
  updateNow();
});
