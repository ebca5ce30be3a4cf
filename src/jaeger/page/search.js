import { ask } from "./api.js";
import { byId, hue, make, swatch } from "./dom.js";
import { read, services } from "./model.js";
import { count, duration, time } from "./text.js";

const form = byId("query").elements;
const wanted = new URLSearchParams(location.search);

const UNITS = { m: 60e6, h: 3600e6, d: 86400e6 };
const lookback = () => parseInt(form.lookback.value) * UNITS[form.lookback.value.at(-1)];

// `key=value key="two words"`; Jaeger's own UI writes JSON into its links, which is left as it is.
function tags(text) {
  if (text.startsWith("{")) return text;
  const pairs = text.matchAll(/([^\s=]+)=(?:"([^"]*)"|(\S*))/g);
  return JSON.stringify(Object.fromEntries([...pairs].map(([, key, quoted, plain]) => [key, quoted ?? plain])));
}

function query() {
  const end = Date.now() * 1000;
  const query = new URLSearchParams({ service: form.service.value, limit: form.limit.value, start: end - lookback(), end });
  for (const name of ["operation", "minDuration", "maxDuration"]) {
    if (form[name].value) query.set(name, form[name].value);
  }
  const text = form.tags.value.trim();
  if (text) query.set("tags", tags(text));
  return query;
}

async function fillOperations() {
  const names = await ask(`/api/services/${encodeURIComponent(form.service.value)}/operations`);
  const options = (names ?? []).map((name) => make("option", { value: name }, name));
  form.operation.replaceChildren(make("option", { value: "" }, "all"), ...options);
}

async function fillForm() {
  const names = (await ask("/api/services")) ?? [];
  form.service.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  if (names.includes(wanted.get("service"))) form.service.value = wanted.get("service");
  if (names.length > 0) await fillOperations();
  for (const [name, value] of wanted) {
    const field = form[name];
    if (name === "service" || !field) continue;
    const offered = field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value);
    if (offered) field.value = value;
  }
  return names.length > 0;
}

function result(trace, longest) {
  const { root, nodes, errors } = trace;
  const chips = [...services(nodes)].map(([service, spans]) => make("span", {}, swatch(service), ` ${service} (${spans})`));
  return make("li", {}, make("a", { href: `/trace/${root.span.traceID}` },
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

async function search() {
  if (!(await fillForm())) return "No spans have arrived yet.";
  const traces = (await ask(`/api/traces?${query()}`)).map(read);
  traces.sort((a, b) => b.start - a.start);
  const longest = traces.reduce((longest, trace) => Math.max(longest, trace.duration), 0);
  byId("results").replaceChildren(...traces.map((trace) => result(trace, longest)));
  return count(traces.length, "trace");
}

// Tells how it ended in the heading of the results.
const tell = (work) => work.then((text) => text && byId("found").replaceChildren(text), (error) => byId("found").replaceChildren(error.message));

form.service.addEventListener("change", () => tell(fillOperations()));
tell(search());
