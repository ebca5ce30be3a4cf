// @ts-check
/** @import { ApiTrace, CriticalPath, SpanNode, Trace } from "./types.d.ts" */
/** @import { RowState } from "./rows.js" */
import { base } from "./address.js";
import { ask } from "./api.js";
import { criticalPath } from "./critical_path.js";
import { details } from "./details.js";
import { byId, make } from "./dom.js";
import { matching, nextError, visible } from "./filter.js";
import { listen as listenTo, oneAtATime } from "./live.js";
import { clamped, serviceName } from "./long_text.js";
import { lackOf, nameOf, read, services } from "./model.js";
import { openedTrace } from "./opened_trace.js";
import { Rows } from "./rows.js";
import { count, duration, excerpt, time } from "./text.js";
import { TraceLines } from "./trace_lines.js";
import { Zoom } from "./zoom.js";

const [view = "", id = ""] = location.pathname.split("/").slice(-2);
const linked = new URLSearchParams(location.search).get("span");

/** @type {RowState & { auto: boolean }} `auto`: the selection is not the user's. */
const state = { selected: null, auto: true, closed: new Set(), matches: null, range: { start: 0, duration: 0 }, critical: new Map() };
const lines = new TraceLines(jump);
// The number of spans in the last answer; null without one.
/** @type {number | null} */
let known = null;
/** @type {Trace} */
let trace;
/** @type {CriticalPath} */
let path;
/** @type {Rows} */
let rows;
/** @type {Zoom} */
let zoom;
/** @type {SpanNode[]} */
let shown = [];

const find = byId("find", HTMLInputElement);
const critical = byId("critical", HTMLInputElement);

function redraw() {
  state.matches = matching(trace.nodes, find.value);
  byId("matches").textContent = state.matches ? count(state.matches.size, "span") : "";
  shown = visible(trace.nodes, state.matches, state.closed);
  rows.show(shown);
  writeUrl();
}

// After the range, or whether the critical path is marked, changed.
function applyRange() {
  state.range = zoom.range;
  state.critical = critical.checked ? path : new Map();
  rows.applyRange();
  writeUrl();
}

/** @param {SpanNode | null | undefined} node */
function select(node, auto = false) {
  if (!node) return;
  state.selected = node;
  state.auto = auto;
  showDetails();
  rows.showSelection();
  writeUrl();
}

function showDetails() {
  if (state.selected) byId("details").replaceChildren(...details(state.selected, trace, path));
  lines.show(trace, state.selected);
}

// Until the user selects a span, it is the one of the link, or else the root.
const linkedNode = () => trace.nodes.find(({ span }) => span.spanID === linked);
const firstNode = () => (rows.place(trace.root) === undefined ? shown[0] : trace.root);

/** @param {SpanNode} node */
function toggle(node) {
  if (state.matches || node.children.length === 0) return;
  if (!state.closed.delete(node)) state.closed.add(node);
  redraw();
}

/**
 * Selects a span that may be hidden.
 * @param {SpanNode} node
 */
function jump(node) {
  if (rows.place(node) === undefined) {
    if (state.matches) find.value = "";
    for (let above = node.parent; above; above = above.parent) state.closed.delete(above);
    redraw();
  }
  select(node);
}

/** @param {number} step */
function jumpToError(step) {
  const node = nextError(trace.errors, state.selected?.index ?? -1, step);
  if (node) jump(node);
}

// The address is written in a pause: browsers limit the number of writes.
/** @type {number | undefined} */
let pause;
function writeUrl() {
  clearTimeout(pause);
  pause = setTimeout(() => {
    const query = new URLSearchParams();
    if (find.value.trim()) query.set("uiFind", find.value.trim());
    if (!state.auto && state.selected) query.set("span", state.selected.span.spanID);
    else if (linked) query.set("span", linked);
    if (state.closed.size > 0) query.set("closed", [...state.closed].map((node) => node.span.spanID).join("."));
    if (lines.narrowed) query.set("lines", "span");
    if (zoom.text) query.set("zoom", zoom.text);
    if (!critical.checked) query.set("critical", "off");
    history.replaceState(null, "", query.size > 0 ? `?${query}` : location.pathname);
  }, 100);
}

function readUrl() {
  const query = new URLSearchParams(location.search);
  find.value = query.get("uiFind") ?? "";
  lines.narrow(query.get("lines") === "span");
  const closed = new Set((query.get("closed") ?? "").split("."));
  state.closed = new Set(trace.nodes.filter((node) => closed.has(node.span.spanID)));
  critical.checked = query.get("critical") !== "off";
  zoom = new Zoom(trace, state, query.get("zoom"), applyRange);
  applyRange();
  redraw();
  const wanted = linkedNode();
  // The span of a link is shown even if it is below a closed one, or the link's filter excludes it.
  if (wanted && !state.matches) jump(wanted);
  else select(wanted ?? firstNode(), !wanted);
}

// After spans have arrived: selection, closed spans and zoom stay. If Jaeger has evicted the trace,
// only the new spans are left.
function mergeUpdate() {
  const known = new Map(trace.nodes.toReversed().map((node) => [node.span.spanID, node]));
  const now = (/** @type {SpanNode} */ node) => known.get(node.span.spanID);
  state.closed = new Set([...state.closed].map(now).filter((node) => node !== undefined));
  state.selected = (state.selected && now(state.selected)) ?? null;
  zoom.grow(trace);
  redraw();
  if (state.auto || !state.selected) select(linkedNode() ?? firstNode(), !linkedNode());
  else showDetails();
}

/** @type {Record<string, (at: number, node: SpanNode) => void>} */
const KEYS = {
  ArrowDown: (at) => select(shown[at + 1]),
  ArrowUp: (at) => select(shown[at - 1]),
  PageDown: (at) => select(shown[Math.min(at + rows.page, shown.length - 1)]),
  PageUp: (at) => select(shown[Math.max(at - rows.page, 0)]),
  Home: () => select(shown[0]),
  End: () => select(shown.at(-1)),
  ArrowRight: (_at, node) => (state.closed.has(node) ? toggle(node) : select(node.children.find((child) => rows.place(child) !== undefined))),
  ArrowLeft: (_at, node) => (node.children.length > 0 && !state.closed.has(node) && !state.matches ? toggle(node) : select(node.parent)),
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
    const press = KEYS[event.key];
    // With these modifiers the keys are the browser's: Ctrl and + enlarges the page.
    if (!press || !state.selected || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    press(rows.place(state.selected) ?? -1, state.selected);
  });
  tree.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const row = target.closest(/** @type {"div"} */ (".row"));
    const node = shown[Number(row?.dataset.index)];
    if (!node) return;
    if (target.closest(".toggle")) return toggle(node);
    lines.narrow(true);
    select(node);
  });
  byId("lines-head").addEventListener("click", writeUrl);
  find.addEventListener("input", redraw);
  byId("tools").addEventListener("submit", (event) => event.preventDefault());
  critical.addEventListener("change", applyRange);
  byId("next").addEventListener("click", () => jumpToError(1));
  byId("previous").addEventListener("click", () => jumpToError(-1));
}

function showSummary() {
  const { root, nodes, errors, missing } = trace;
  const title = nameOf(trace);
  document.title = `${title} – axum-jaeger`;
  byId("title").replaceChildren(clamped(title));
  const facts = [time(trace.start), duration(trace.duration), count(nodes.length, "span"), count(errors.length, "error")];
  const names = [...services(nodes)].map(([service, spans]) => make("span", {}, ...serviceName(service, ` (${spans})`)));
  const warnings = [
    ...(missing.length > 0 ? [make("span", { className: "warning", title: missing.join(" ") }, `incomplete: ${lackOf(trace)}`)] : []),
    ...(linked && !linkedNode() ? [make("span", { className: "warning" }, `span ${excerpt(linked)} is not in this trace`)] : []),
  ];
  byId("summary").replaceChildren(...facts.map((fact) => make("span", {}, fact)), ...warnings, ...names);
  for (const button of ["previous", "next"]) byId(button, HTMLButtonElement).disabled = errors.length === 0;
  const download = byId("download", HTMLAnchorElement);
  download.href = `${base}/api/traces/${encodeURIComponent(id)}?prettyPrint=true`;
  download.download = `trace-${root.span.traceID}.json`;
}

async function load() {
  known = null;
  const [found] = /** @type {ApiTrace[]} */ (await ask(`/api/traces?traceID=${encodeURIComponent(id)}`));
  known = found?.spans.length ?? 0;
  if (found) return show(found);
  // A shown trace stays, even if Jaeger has evicted it.
  if (!trace) throw new Error("trace not found; it is shown as soon as a span of it arrives");
}

// A trace of a file does not grow, and the server does not have it.
async function openFromFile() {
  byId("lines").hidden = byId("download").hidden = true;
  const { trace: found, origin } = await openedTrace(id);
  show(found);
  byId("summary").append(origin);
}

/** @param {ApiTrace} found */
function show(found) {
  const first = !trace;
  const same = trace?.nodes.length === found.spans.length;
  if (!same) {
    trace = read(found);
    path = criticalPath(trace);
  }
  showSummary();
  if (same) return;
  if (!first) return mergeUpdate();
  byId("trace").hidden = false;
  rows = new Rows(byId("tree"), byId("canvas"), state);
  readUrl();
  listen();
}

/** @param {Error} error */
const showStatus = (error) => byId("summary").replaceChildren(error.message);

function follow() {
  const loadSpans = oneAtATime(() => load().catch(showStatus));
  const loadLines = oneAtATime(() => lines.load(id).catch(showStatus));
  listenTo({ message: loadSpans, lines: loadLines }, {
    path: () => `/page/live?trace=${encodeURIComponent(id)}`,
    // The message has the number of spans, so that a large trace is not asked for twice.
    ready({ data }) {
      if (data !== String(known)) loadSpans();
      loadLines();
    },
  });
}

if (view === "file") openFromFile().catch(showStatus);
else follow();
