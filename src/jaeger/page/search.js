import { traceAddress } from "./address.js";
import { ask } from "./api.js";
import { byId, hue, make, refill, swatch } from "./dom.js";
import { live } from "./live.js";
import { read, services } from "./model.js";
import { scatter } from "./scatter.js";
import { count, duration, time } from "./text.js";

const form = byId("query").elements;
const wanted = new URLSearchParams(location.search);

const UNITS = { m: 60e6, h: 3600e6, d: 86400e6 };
const microseconds = (lookback) => parseInt(lookback) * UNITS[lookback.at(-1)];

// `key=value key="two words"`; Jaeger's own UI writes JSON into its links, which is left as it is.
function tags(text) {
  if (text.startsWith("{")) return text;
  const pairs = text.matchAll(/([^\s=]+)=(?:"([^"]*)"|(\S*))/g);
  return JSON.stringify(Object.fromEntries([...pairs].map(([, key, quoted, plain]) => [key, quoted ?? plain])));
}

function query({ service, limit, lookback, tags: text, ...others }) {
  const end = Date.now() * 1000;
  const query = new URLSearchParams({ service, limit, start: end - microseconds(lookback), end });
  for (const [name, value] of Object.entries(others)) if (value) query.set(name, value);
  if (text.trim()) query.set("tags", tags(text.trim()));
  return query;
}

const option = (name) => make("option", { value: name }, name);

async function fillOperations() {
  const names = await ask(`/api/services/${encodeURIComponent(form.service.value)}/operations`);
  form.operation.replaceChildren(make("option", { value: "" }, "all"), ...(names ?? []).map(option));
}

// Services that are new since the last time are added.
async function fillServices() {
  const names = (await ask("/api/services")) ?? [];
  const offered = [...form.service.options].map(({ value }) => value);
  form.service.append(...names.filter((name) => !offered.includes(name)).map(option));
  return names;
}

// A link may ask for what is not there yet, or for a lookback that is not offered.
function set(field, value) {
  if (field === form.lookback && !/^\d+[mhd]$/.test(value)) return;
  const offered = field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value);
  if (!offered) field.append(option(value));
  field.value = value;
}

async function fillForm() {
  if (wanted.get("service")) set(form.service, wanted.get("service"));
  await fillOperations();
  for (const [name, value] of wanted) if (form.namedItem(name) && name !== "service") set(form.namedItem(name), value);
}

function result(trace, longest) {
  const { root, nodes, errors } = trace;
  const chips = [...services(nodes)].map(([service, spans]) => make("span", {}, swatch(service), ` ${service} (${spans})`));
  return make("li", {}, make("a", { href: traceAddress(root.span.traceID) },
    make("span", { className: "name" }, `${root.service}: ${root.span.operationName}`),
    make("span", { className: "duration" }, duration(trace.duration)),
    make("span", { className: "services" }, ...chips),
    make("span", { className: "duration" }, count(nodes.length, "span"),
      errors.length > 0 ? make("span", { className: "error" }, `, ${count(errors.length, "error")}`) : ""),
    make("span", { className: "muted" }, time(trace.start)),
    make("span", { className: "length" }, make("span", {
      className: "bar",
      style: { "--hue": hue(root.service), width: `${(100 * trace.duration) / (longest || 1)}%` },
    })),
  ));
}

// What the form said when it was sent: somebody may be changing it.
let asked = null;
let messages = "/page/live";
let traces = [];

async function search(changed) {
  if (changed) return update(changed);
  const names = await fillServices();
  if (names.length === 0) return "No spans have arrived yet.";
  if (!asked) {
    await fillForm();
    asked = Object.fromEntries(new FormData(byId("query")));
    messages += `?${query(asked)}`;
  }
  return keep(await ask(`/api/traces?${query(asked)}`), []);
}

// Only these have changed, and the search finds them.
async function update(ids) {
  const wanted = new Set(ids);
  const others = traces.filter(({ root }) => !wanted.has(root.span.traceID));
  return keep(await ask(`/api/traces?${new URLSearchParams(ids.map((id) => ["traceID", id]))}`), others);
}

function keep(answer, others) {
  traces = [...answer.map(read), ...others].sort((a, b) => b.start - a.start).slice(0, asked.limit);
  show();
  return count(traces.length, "trace");
}

let shown = "";

function show() {
  const now = traces.map(({ root, nodes }) => `${root.span.traceID} ${nodes.length}`).join();
  if (now === shown) return;
  shown = now;
  const longest = traces.reduce((longest, trace) => Math.max(longest, trace.duration), 0);
  refill(byId("results"), ...traces.map((trace) => result(trace, longest)));
  scatter(byId("scatter"), traces);
}

// Tells how it ended in the heading of the results, which is read aloud when it changes.
async function tell(work) {
  const text = await work.catch((error) => error.message);
  if (text && byId("found").textContent !== text) byId("found").textContent = text;
}

form.service.addEventListener("change", () => tell(fillOperations()));
form.service.addEventListener("focus", () => tell(fillServices().then(() => null)));
live(byId("pause"), (changed) => tell(search(changed)), () => messages);
