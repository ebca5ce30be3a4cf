import { byId, make } from "./dom.js";
import * as logfmt from "./logfmt.js";
import { fromLocal, local, lookback, microseconds, zone } from "./range.js";
import { excerpt } from "./text.js";

// The search form: a link fills it, and it makes one. Links have the form of Jaeger's own; `asked` is what the form asks for, under the
// names that a link has.

const form = byId("query");
export const fields = form.elements;

const PLAIN = ["service", "operation", "minDuration", "maxDuration"];
const ONCE = [...PLAIN, "limit", "lookback", "start", "end"];
const REPEATED = ["tag", "tags", "traceID"];
const CUSTOM = "custom";

// What is later than all traces: a clock may be ahead.
const NEVER = String(Number.MAX_SAFE_INTEGER);

// How long the tags may be in an address: the server refuses one of 64 KiB, and the other fields need some.
const LONGEST = 60_000;

// The times that a link had, by the field and what that shows of them: fields know no microseconds.
const exact = new Map();

const option = (name) => make("option", { value: name }, name);

// A link may name what is not there yet, or a lookback that is not offered.
export function set(field, value) {
  const offered = field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value);
  if (!offered) field.append(option(value));
  field.value = value;
}

export function offer(field, names) {
  const offered = [...field.options].map(({ value }) => value);
  field.append(...names.filter((name) => !offered.includes(name)).map(option));
}

// Returns whether all that the link asks for is understood. What is not is said beside the fields.
export function fill(link) {
  for (const name of PLAIN) if (link.get(name)) set(fields[name], link.get(name));
  byId("notes").textContent = notes(link).join(" ");
  return each([
    ["tags", () => {
      fields.tags.value = link.getAll("tags").join(" ");
      fields.tags.value = logfmt.write(tagsOf(link));
    }],
    ["limit", () => link.get("limit") && setLimit(link.get("limit"))],
    ...range(link),
  ]);
}

function tagsOf(link) {
  const tags = link.getAll("tag").map((text) => {
    const [, key, value] = /^([^:]*):([^]*)$/.exec(text) ?? [];
    if (key === undefined) throw new Error(`tag=${excerpt(text)}: this must be tag=key:value.`);
    return [key, value];
  });
  return new Map([...tags, ...link.getAll("tags").flatMap((text) => [...typed(text)])]);
}

// What is pasted may begin with a blank that JSON does not know.
const typed = (text) => (text.trim().startsWith("{") ? logfmt.fromJson(text.trim()) : logfmt.read(text));

function setLimit(text) {
  if (!/^\d+$/.test(text)) throw new Error(`limit=${excerpt(text)}: this must be a number; 0 means all.`);
  fields.limit.value = text;
}

// A range says what a lookback meant when the link was made.
function range(link) {
  const given = ["start", "end"].filter((name) => link.get(name));
  const text = link.get("lookback");
  return [
    ["lookback", () => {
      if (text && text !== CUSTOM) lookback(text);
      if (given.length > 0) set(fields.lookback, CUSTOM);
      else if (text) set(fields.lookback, text);
      showRange();
    }],
    ...given.map((name) => [name, () => setTime(name, microseconds(name, link.get(name)))]),
  ];
}

function setTime(name, us) {
  fields[name].value = local(us);
  exact.set(name + fields[name].value, us);
}

function notes(link) {
  const odd = [...new Set(link.keys())].filter((name) => !REPEATED.includes(name)).flatMap((name) => {
    const values = link.getAll(name).filter(Boolean);
    return values.slice(ONCE.includes(name) ? 1 : 0).map((value) => `${name}=${value}`);
  });
  return [
    ...(link.get("traceID") ? ["These traces are listed by their IDs; the form does not apply."] : []),
    ...(odd.length > 0 ? [`Unknown parts of the link are ignored: ${excerpt(odd.join(", "), 200)}`] : []),
  ];
}

// What the form asks for; null where that is not clear, which is said beside the field.
export function read() {
  const asked = Object.fromEntries(PLAIN.map((name) => [name, fields[name].value]));
  const clear = each([
    ["tags", () => {
      const tags = typed(fields.tags.value);
      if (tags.size > 0) asked.tags = JSON.stringify(Object.fromEntries(tags));
      if (String(address({ tags: asked.tags })).length > LONGEST) throw new Error("This is too long to be sent.");
    }],
    ["limit", () => (asked.limit = fields.limit.value)],
    ["lookback", () => (asked.lookback = fields.lookback.value)],
    ["start", () => (asked.start = timeOf("start"))],
    ["end", () => {
      asked.end = timeOf("end");
      if (asked.start && asked.end && Number(asked.end) < Number(asked.start)) throw new Error("This is earlier than From.");
    }],
  ]);
  return clear ? asked : null;
}

function timeOf(name) {
  const { value, disabled } = fields[name];
  return disabled || !value ? "" : String(exact.get(name + value) ?? fromLocal(value));
}

const address = (asked) => new URLSearchParams(Object.entries(asked).filter(([, value]) => value));

// What the API is asked. Without an end it is all that comes, of clocks that are ahead, too: the messages tell of it, and a reload
// must find it again.
export function question({ lookback: back, start, end, ...others }) {
  const since = back === CUSTOM ? start || "0" : String(Math.max(0, Math.round(Date.now() * 1000 - lookback(back))));
  return address({ ...others, start: since, end: end || NEVER });
}

// Does the work for each field, and says beside it why that failed. Returns whether all went well.
function each(works) {
  const problems = works.map(([name, work]) => [name, problem(work)]);
  for (const [name, text] of problems) {
    byId(`${name}-problem`).textContent = text;
    fields[name].setAttribute("aria-invalid", text !== "");
  }
  return problems.every(([, text]) => text === "");
}

function problem(work) {
  try {
    work();
    return "";
  } catch (error) {
    return error.message;
  }
}

let lastLookback;

function showRange() {
  const custom = fields.lookback.value === CUSTOM;
  if (!custom) lastLookback = fields.lookback.value;
  for (const name of ["start", "end"]) {
    fields[name].disabled = !custom;
    fields[name].parentElement.hidden = !custom;
  }
}

// Who chooses a range begins with the one of the lookback before, in whole minutes.
fields.lookback.addEventListener("change", () => {
  showRange();
  if (fields.start.disabled || fields.start.value || fields.end.value || !lastLookback) return;
  const minute = 60e6;
  const now = Math.ceil((Date.now() * 1000) / minute) * minute;
  setTime("start", now - Math.ceil(lookback(lastLookback) / minute) * minute);
  setTime("end", now);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = read();
  if (asked) location.assign(`${form.action}?${address(asked)}`);
  else form.querySelector("[aria-invalid=true]").focus();
});

for (const element of form.querySelectorAll(".zone")) element.textContent = `(${zone})`;
showRange();
