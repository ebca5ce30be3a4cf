import { base } from "./address.js";
import { ask } from "./api.js";
import { criticalPath } from "./critical.js";
import { details } from "./details.js";
import { byId, make } from "./dom.js";
import { listen as listenTo, oneAtATime } from "./live.js";
import { clamped, serviceName } from "./long.js";
import { lack, nameOf, read, services } from "./model.js";
import { opened } from "./opened.js";
import { Rows } from "./rows.js";
import { count, duration, excerpt, time } from "./text.js";
import { TraceLines } from "./trace_lines.js";
import { Zoom } from "./zoom.js";

const [view, id] = location.pathname.split("/").slice(-2);
const linked = new URLSearchParams(location.search).get("span");
// `auto`: nobody has selected a span yet.
const state = { selected: null, auto: true, closed: new Set(), matches: null, range: null, critical: null };
const lines = new TraceLines(jump);
// How many spans the last answer had; null when there was none.
let known = null;
let trace;
let rows;
let zoom;
let shown = [];

const find = byId("find");
const critical = byId("critical");

function matches() {
  const text = find.value.trim().toLowerCase();
  if (!text) return null;
  const says = (node) => (node.words ??= words(node)).includes(text);
  return new Set(trace.nodes.filter(says));
}

function words({ span, service, process }) {
  const fields = [span.tags, process.tags, ...span.logs.map((log) => log.fields)].flat();
  return [service, span.operationName, span.spanID, ...fields.flatMap(({ key, value }) => [key, `${key}=${value}`])]
    .join("\n").toLowerCase();
}

// With a filter: what matches and what is above it. Without: all that is not below a closed span.
function visible() {
  if (state.matches) {
    const kept = new Set();
    for (let node of state.matches) for (; node && !kept.has(node); node = node.parent) kept.add(node);
    return trace.nodes.filter((node) => kept.has(node));
  }
  const hidden = new Set();
  return trace.nodes.filter((node) => {
    const below = node.parent && (hidden.has(node.parent) || state.closed.has(node.parent));
    if (below) hidden.add(node);
    return !below;
  });
}

function redraw() {
  state.matches = matches();
  byId("matches").textContent = state.matches ? count(state.matches.size, "span") : "";
  shown = visible();
  rows.show(shown);
  remember();
}

// The range of time, or whether the critical path is marked.
function rule() {
  state.range = zoom.range;
  state.critical = critical.checked ? trace.critical : new Map();
  rows.rule();
  remember();
}

function select(node, auto = false) {
  if (!node) return;
  state.selected = node;
  state.auto = auto;
  describe();
  rows.select();
  remember();
}

function describe() {
  byId("details").replaceChildren(...details(state.selected, trace));
  lines.show(trace, state.selected);
}

// As long as nobody selects a span, it is the one of the link, or else the one that gives the trace its name.
const linkedNode = () => trace.nodes.find(({ span }) => span.spanID === linked);
const first = () => (rows.place(trace.root) === undefined ? shown[0] : trace.root);

function toggle(node) {
  if (state.matches || node.children.length === 0) return;
  if (!state.closed.delete(node)) state.closed.add(node);
  redraw();
}

// Selects a span that may be hidden.
function jump(node) {
  if (rows.place(node) === undefined) {
    if (state.matches) find.value = "";
    for (let above = node.parent; above; above = above.parent) state.closed.delete(above);
    redraw();
  }
  select(node);
}

function toError(step) {
  const at = state.selected?.index ?? -1;
  const { errors } = trace;
  const next = step > 0
    ? errors.find((node) => node.index > at) ?? errors[0]
    : errors.findLast((node) => node.index < at) ?? errors.at(-1);
  jump(next);
}

// The address is written when there is a pause: browsers refuse more than some writes a second.
let pause;
function remember() {
  clearTimeout(pause);
  pause = setTimeout(() => {
    const query = new URLSearchParams();
    if (find.value.trim()) query.set("uiFind", find.value.trim());
    if (!state.auto) query.set("span", state.selected.span.spanID);
    else if (linked) query.set("span", linked);
    if (state.closed.size > 0) query.set("closed", [...state.closed].map((node) => node.span.spanID).join("."));
    if (lines.narrowed) query.set("lines", "span");
    if (zoom.text) query.set("zoom", zoom.text);
    if (!critical.checked) query.set("critical", "off");
    history.replaceState(null, "", query.size > 0 ? `?${query}` : location.pathname);
  }, 100);
}

function recall() {
  const query = new URLSearchParams(location.search);
  find.value = query.get("uiFind") ?? "";
  lines.narrow(query.get("lines") === "span");
  const closed = new Set((query.get("closed") ?? "").split("."));
  state.closed = new Set(trace.nodes.filter((node) => closed.has(node.span.spanID)));
  critical.checked = query.get("critical") !== "off";
  zoom = new Zoom(trace, state, query.get("zoom"), rule);
  rule();
  redraw();
  const wanted = linkedNode();
  // A link may show the details of a span that its filter leaves out, but none that is below a closed one.
  if (wanted && !state.matches) jump(wanted);
  else select(wanted ?? first(), !wanted);
}

// After more spans have arrived: what was selected and closed still is, and what is seen stays.
function adopt() {
  const known = new Map(trace.nodes.toReversed().map((node) => [node.span.spanID, node]));
  const now = (node) => known.get(node.span.spanID);
  state.closed = new Set([...state.closed].map(now).filter(Boolean));
  state.selected = now(state.selected);
  zoom.grow(trace);
  redraw();
  if (state.auto) select(linkedNode() ?? first(), !linkedNode());
  else describe();
}

const KEYS = {
  ArrowDown: (at) => select(shown[at + 1]),
  ArrowUp: (at) => select(shown[at - 1]),
  PageDown: (at) => select(shown[Math.min(at + rows.page, shown.length - 1)]),
  PageUp: (at) => select(shown[Math.max(at - rows.page, 0)]),
  Home: () => select(shown[0]),
  End: () => select(shown.at(-1)),
  ArrowRight: (at, node) => (state.closed.has(node) ? toggle(node) : select(node.children.find((child) => rows.place(child) !== undefined))),
  ArrowLeft: (at, node) => (node.children.length > 0 && !state.closed.has(node) && !state.matches ? toggle(node) : select(node.parent)),
  "+": () => zoom.in(),
  "-": () => zoom.out(),
  "<": () => zoom.earlier(),
  ">": () => zoom.later(),
  0: () => zoom.whole(),
  Enter: () => byId("details").focus(),
};

function listen() {
  const tree = byId("tree");
  tree.addEventListener("keydown", (event) => {
    const key = KEYS[event.key];
    // With these keys they are the browser's: Ctrl and + makes the whole page larger.
    if (!key || !state.selected || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    key(rows.place(state.selected) ?? -1, state.selected);
  });
  tree.addEventListener("click", (event) => {
    const node = shown[event.target.closest(".row")?.dataset.index];
    if (!node) return;
    if (event.target.closest(".toggle")) return toggle(node);
    lines.narrow(true);
    select(node);
  });
  byId("lines-head").addEventListener("click", remember);
  find.addEventListener("input", redraw);
  byId("tools").addEventListener("submit", (event) => event.preventDefault());
  critical.addEventListener("change", rule);
  byId("next").addEventListener("click", () => toError(1));
  byId("previous").addEventListener("click", () => toError(-1));
}

function head() {
  const { root, nodes, errors, missing } = trace;
  const title = nameOf(trace);
  document.title = `${title} – axum-jaeger`;
  byId("title").replaceChildren(clamped(title));
  const facts = [time(trace.start), duration(trace.duration), count(nodes.length, "span"), count(errors.length, "error")];
  const names = [...services(nodes)].map(([service, spans]) => make("span", {}, ...serviceName(service, ` (${spans})`)));
  const warnings = [
    ...(missing.length > 0 ? [make("span", { className: "warning", title: missing.join(" ") }, `incomplete: ${lack(trace)}`)] : []),
    ...(linked && !linkedNode() ? [make("span", { className: "warning" }, `span ${excerpt(linked)} is not in this trace`)] : []),
  ];
  byId("summary").replaceChildren(...facts.map((fact) => make("span", {}, fact)), ...warnings, ...names);
  for (const button of ["previous", "next"]) byId(button).disabled = errors.length === 0;
  const download = byId("download");
  download.href = `${base}/api/traces/${encodeURIComponent(id)}?prettyPrint=true`;
  download.download = `trace-${root.span.traceID}.json`;
}

async function load() {
  known = null;
  const [found] = await ask(`/api/traces?traceID=${encodeURIComponent(id)}`);
  known = found?.spans.length ?? 0;
  // What is shown stays, even if Jaeger has forgotten it meanwhile.
  if (!found && trace) return;
  if (!found) throw new Error("trace not found; it is shown as soon as a span of it arrives");
  take(found);
}

// A trace of a file does not grow, and the server knows nothing of it.
async function open() {
  byId("lines").hidden = byId("download").hidden = true;
  const { trace: found, origin } = await opened(id);
  take(found);
  byId("summary").append(origin);
}

function take(found) {
  const first = !trace;
  const same = trace?.nodes.length === found.spans.length;
  if (!same) {
    trace = read(found);
    trace.critical = criticalPath(trace);
  }
  head();
  if (same) return;
  if (!first) return adopt();
  byId("trace").hidden = false;
  rows = new Rows(byId("tree"), byId("canvas"), state);
  recall();
  listen();
}

const say = (error) => byId("summary").replaceChildren(error.message);

function follow() {
  const spans = oneAtATime(() => load().catch(say));
  const logLines = oneAtATime(() => lines.load(id).catch(say));
  listenTo({ message: spans, lines: logLines }, {
    path: () => `/page/live?trace=${encodeURIComponent(id)}`,
    // It has the number of spans: a large trace is not asked for twice.
    ready({ data }) {
      if (data !== String(known)) spans();
      logLines();
    },
  });
}

if (view === "file") open().catch(say);
else follow();
