import { traceAddress } from "./address.js";
import { ask } from "./api.js";
import { byId, hue, make, refill } from "./dom.js";
import { fields, fill, offer, question, read, set } from "./form.js";
import { live } from "./live.js";
import { clamped, serviceName } from "./long.js";
import { lack, nameOf, read as traceOf, services } from "./model.js";
import { scatter } from "./scatter.js";
import { count, duration, excerpt, time } from "./text.js";

const link = new URLSearchParams(location.search);

// With ids nothing else counts, as in the API.
const ids = link.getAll("traceID").filter(Boolean);
const byIds = (ids) => new URLSearchParams(ids.map((id) => ["traceID", id]));

async function fillOperations() {
  if (!fields.service.value) return;
  const names = await ask(`/api/services/${encodeURIComponent(fields.service.value)}/operations`);
  fields.operation.length = 1;
  offer(fields.operation, names ?? []);
}

// Services that are new since the last time are added.
async function fillServices() {
  const names = (await ask("/api/services")) ?? [];
  offer(fields.service, names);
  return names;
}

function result(trace, longest) {
  const { root, nodes, errors } = trace;
  const chips = [...services(nodes)].map(([service, spans]) => make("span", {}, ...serviceName(service, ` (${spans})`)));
  return make("li", {}, make("a", { href: traceAddress(root.span.traceID) },
    clamped(nameOf(trace), "name"),
    make("span", { className: "duration" }, duration(trace.duration)),
    make("span", { className: "services" }, ...chips),
    make("span", { className: "duration" }, count(nodes.length, "span"),
      errors.length > 0 ? make("span", { className: "error" }, `, ${count(errors.length, "error")}`) : "",
      trace.missing.length > 0 ? make("span", { className: "warning", title: lack(trace) }, ", incomplete") : ""),
    make("span", { className: "muted" }, time(trace.start)),
    make("span", { className: "length" }, make("span", {
      className: "bar",
      style: { "--hue": hue(root.service), width: `${(100 * trace.duration) / (longest || 1)}%` },
    })),
  ));
}

// What the link asks for, as the form shows it; null where that is not clear. Somebody may be changing the form.
let asked;
let messages = "/page/live";
let traces = [];

async function search(changed) {
  if (changed) return update(changed);
  const names = await fillServices();
  if (asked === undefined && (names.length > 0 || link.has("service") || ids.length > 0)) await begin();
  if (asked === null) return "Nothing was searched; see the form.";
  if (names.length === 0 && ids.length === 0) return "No spans have arrived yet.";
  return keep(await ask(`/api/traces?${wanted()}`), []);
}

async function begin() {
  if (link.get("service")) set(fields.service, link.get("service"));
  await fillOperations();
  asked = fill(link) ? read() : null;
  if (asked) messages += `?${wanted()}`;
}

const wanted = () => (ids.length > 0 ? byIds(ids) : question(asked));

// Only these have changed, and the search finds them.
async function update(changed) {
  const others = traces.filter(({ root }) => !changed.includes(root.span.traceID));
  return keep(await ask(`/api/traces?${byIds(changed)}`), others);
}

function keep(answer, others) {
  const limit = ids.length > 0 ? Infinity : Number(asked.limit) || Infinity;
  traces = [...answer.map(traceOf), ...others].sort((a, b) => b.start - a.start).slice(0, limit);
  show();
  const found = new Set(traces.map(({ root }) => plain(root.span.traceID)));
  const missing = ids.filter((id) => !found.has(plain(id)));
  return count(traces.length, "trace") + (missing.length > 0 ? `; not found: ${excerpt(missing.join(", "), 200)}` : "");
}

// An id may be written with fewer or more zeros.
const plain = (id) => id.toLowerCase().replace(/^0+/, "");

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
  const text = await work.catch((error) => excerpt(error.message, 300));
  if (text && byId("found").textContent !== text) byId("found").textContent = text;
}

fields.service.addEventListener("change", () => tell(fillOperations()));
fields.service.addEventListener("focus", () => tell(fillServices().then(() => null)));
live(byId("pause"), (changed) => tell(search(changed)), () => messages);
