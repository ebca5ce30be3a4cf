import { base } from "./address.js";
import { ask } from "./api.js";
import { byId, make } from "./dom.js";
import { graph } from "./graph.js";
import { live } from "./live.js";
import { clamped, serviceName } from "./long.js";
import { Table } from "./table.js";
import { count, duration, excerpt, number, share } from "./text.js";

const lookback = byId("lookback");
const state = new URLSearchParams(location.search);
const offered = [...lookback.options].map(({ value }) => value);
const wanted = state.get("lookback");
if (offered.includes(wanted)) lookback.value = wanted;
else if (wanted) byId("notes").textContent = `lookback=${excerpt(wanted)} is ignored: it must be one of ${offered.join(", ")}.`;

function remember(name, value) {
  state.set(name, value);
  history.replaceState(null, "", `?${state}`);
}

// A search for what the figures are of.
const search = (wanted) => `${base}/search?${new URLSearchParams({ ...wanted, lookback: lookback.value })}`;

const text = (key, title, cell, head) => ({ key, title, value: (row) => row[key], cell, head });
const amount = (key, title, cell = (row) => number(row[key])) => ({ key, title, number: true, value: (row) => row[key], cell });
const part = (whole) => ({
  key: "share", title: "Error share", number: true,
  value: (row) => row.errors / row[whole],
  cell: (row) => share(row.errors, row[whole]),
});
const service = (key) => (row) => make("span", {}, ...serviceName(row[key]));
const took = (key) => amount(key, key, (row) => duration(row[key]));

function failed({ service, operation, errors }) {
  if (errors === 0) return "0";
  const href = search({ service, operation, tags: "error=true" });
  return make("a", { href, className: "error", ariaLabel: `${number(errors)} errors of ${service}: ${operation}` }, number(errors));
}

const calls = new Table(byId("calls"), [
  text("parent", "From", service("parent"), true),
  text("child", "To", service("child")),
  amount("calls", "Calls"),
  amount("errors", "Errors"),
  part("calls"),
], state.get("calls"), (sort) => remember("calls", sort));

const operations = new Table(byId("operations"), [
  text("service", "Service", service("service")),
  text("operation", "Operation", ({ service, operation }) => make("a", { href: search({ service, operation }) }, clamped(operation || "(no name)")), true),
  amount("requests", "Requests"),
  amount("errors", "Errors", failed),
  part("requests"),
  took("p50"), took("p95"), took("p99"),
], state.get("sort"), (sort) => remember("sort", sort));

let shown = "";

async function update() {
  const figures = await ask(`/page/stats?lookback=${lookback.value}`);
  const none = figures.services.length === 0;
  byId("figures").hidden = none;
  const now = JSON.stringify([lookback.value, figures]);
  if (none || now === shown) return none ? "No spans within this time." : null;
  shown = now;
  const without = graph(byId("graph"), figures, (service) => search({ service }));
  calls.show(figures.calls);
  operations.show(figures.operations);
  byId("calls").hidden = figures.calls.length === 0;
  byId("left-out").textContent = [
    ...(without > 0 ? [`${count(without, "service")} with fewer requests not in the picture.`] : []),
    ...(figures.leftOut > 0 ? [`${count(figures.leftOut, "line")} with fewer requests left out.`] : []),
  ].join(" ");
  return count(figures.services.length, "service");
}

// The heading is read aloud when it changes.
async function tell() {
  const text = await update().catch((error) => error.message);
  if (text && byId("found").textContent !== text) byId("found").textContent = text;
}

const again = live(byId("pause"), tell, () => "/page/live");
lookback.addEventListener("change", () => {
  remember("lookback", lookback.value);
  byId("notes").textContent = "";
  again();
});
