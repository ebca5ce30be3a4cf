// @ts-check
/** @import { LogLine, LogLines } from "./types.d.ts" */
import { traceAddress } from "./address.js";
import { ask } from "./api.js";
import { byId, make } from "./dom.js";
import { arrange, lineElement } from "./lines.js";
import { listen, oneAtATime } from "./live.js";
import { count, time } from "./text.js";

const form = byId("query", HTMLFormElement);
const service = /** @type {HTMLSelectElement} */ (form.elements.namedItem("service"));
const text = /** @type {HTMLInputElement} */ (form.elements.namedItem("text"));
const fields = { service, text };

// The elements that are shown, by the line's number.
/** @type {Map<number, HTMLElement>} */
let shown = new Map();

function query() {
  const filled = Object.entries(fields).map(([name, field]) => [name, field.value.trim()]).filter(([, value]) => value);
  return new URLSearchParams(filled);
}

/** @param {string[]} services */
function offer(services) {
  const offered = [...service.options].map(({ value }) => value);
  const added = services.filter((name) => !offered.includes(name));
  service.append(...added.map((name) => make("option", { value: name }, name)));
}

/** @param {LogLine} line */
function link({ traceID, spanID }) {
  return traceID ? make("a", { href: traceAddress(traceID, spanID) }, `trace ${traceID.slice(0, 8)}`) : "";
}

async function search() {
  const { lines, more, services } = /** @type {LogLines} */ (await ask(`/page/logs?${query()}`));
  offer(services);
  // The newest line comes last in the answer, and first on the page.
  shown = new Map(lines.toReversed().map((line) => [line.number, shown.get(line.number) ?? lineElement(line, time(line.time), link(line))]));
  byId("lines").hidden = lines.length === 0;
  arrange(byId("lines"), [...shown.values()]);
  return more ? `The newest ${count(lines.length, "line")}` : count(lines.length, "line");
}

// Searches, and shows the outcome in the heading, which is read aloud when it changes.
async function update() {
  const text = await search().catch((error) => error.message);
  if (byId("found").textContent !== text) byId("found").textContent = text;
}

// The address is written in a pause: browsers limit the number of writes.
/** @type {number | undefined} */
let pause;
function writeUrl() {
  clearTimeout(pause);
  pause = setTimeout(() => {
    const state = query();
    history.replaceState(null, "", state.size > 0 ? `?${state}` : location.pathname);
  }, 100);
}

const wanted = new URLSearchParams(location.search);
offer([wanted.get("service") ?? ""]);
for (const [name, field] of Object.entries(fields)) field.value = wanted.get(name) ?? "";

const updateOnce = oneAtATime(update);
form.addEventListener("input", () => {
  writeUrl();
  updateOnce();
});
form.addEventListener("submit", (event) => event.preventDefault());
listen({ lines: updateOnce }, { button: byId("pause") });
