import { traceAddress } from "./address.js";
import { ask } from "./api.js";
import { byId, make } from "./dom.js";
import { arrange, lineElement } from "./lines.js";
import { listen, oneAtATime } from "./live.js";
import { count, time } from "./text.js";

const form = byId("query").elements;
const FIELDS = ["service", "text"];

// The elements that are shown, by the line's number.
let shown = new Map();

function query() {
  const filled = FIELDS.map((name) => [name, form[name].value.trim()]).filter(([, value]) => value);
  return new URLSearchParams(filled);
}

function offer(services) {
  const offered = [...form.service.options].map(({ value }) => value);
  const added = services.filter((name) => !offered.includes(name));
  form.service.append(...added.map((name) => make("option", { value: name }, name)));
}

function link({ traceID, spanID }) {
  return traceID ? make("a", { href: traceAddress(traceID, spanID) }, `trace ${traceID.slice(0, 8)}`) : "";
}

async function search() {
  const { lines, more, services } = await ask(`/page/logs?${query()}`);
  offer(services);
  const elements = lines.map((line) => [line.number, shown.get(line.number) ?? lineElement(line, time(line.time), link(line))]);
  shown = new Map(elements.reverse());
  byId("lines").hidden = lines.length === 0;
  arrange(byId("lines"), [...shown.values()]);
  return more ? `The newest ${count(lines.length, "line")}` : count(lines.length, "line");
}

// Tells how it ended in the heading, which is read aloud when it changes.
async function tell() {
  const text = await search().catch((error) => error.message);
  if (byId("found").textContent !== text) byId("found").textContent = text;
}

// The address is written when there is a pause: browsers refuse more than some writes a second.
let pause;
function remember() {
  clearTimeout(pause);
  pause = setTimeout(() => {
    const state = query();
    history.replaceState(null, "", state.size > 0 ? `?${state}` : location.pathname);
  }, 100);
}

const wanted = new URLSearchParams(location.search);
offer([wanted.get("service") ?? ""]);
for (const name of FIELDS) form[name].value = wanted.get(name) ?? "";

const update = oneAtATime(tell);
byId("query").addEventListener("input", () => {
  remember();
  update();
});
byId("query").addEventListener("submit", (event) => event.preventDefault());
listen({ lines: update }, { button: byId("pause") });
