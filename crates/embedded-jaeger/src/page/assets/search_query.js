// @ts-check
/** @import { SearchQuery } from "./types.d.ts" */
import * as logfmt from "./logfmt.js";
import { lookback } from "./time_range.js";
import { excerpt } from "./text.js";

// Links to a search, which have the form of Jaeger's own, and what they ask the API for.

/** The value of `lookback` with which `start` and `end` count. */
export const CUSTOM = "custom";

// Later than all traces: clocks may be ahead.
const NEVER = String(Number.MAX_SAFE_INTEGER);

/** Fields whose text is the same in a link and in the form. */
export const PLAIN = /** @type {const} */ (["service", "operation", "minDuration", "maxDuration"]);
const ONCE = [...PLAIN, "limit", "lookback", "start", "end"];
const REPEATED = ["tag", "tags", "traceID"];

// The server refuses an address of 64 KiB; the other fields need some of it.
const MAX_LENGTH = 60_000;

/**
 * The tags of a link: of each `tag=key:value`, and of each `tags`. In case of equal keys, `tags`
 * wins over `tag`, as in the API.
 * @param {URLSearchParams} link
 * @returns {Map<string, string>}
 */
export function tagsOf(link) {
  const tags = link.getAll("tag").map((text) => {
    const [, key, value] = /^([^:]*):([^]*)$/.exec(text) ?? [];
    if (key === undefined) throw new Error(`tag=${excerpt(text)}: this must be tag=key:value.`);
    return /** @type {const} */ ([key, value]);
  });
  return new Map([...tags, ...link.getAll("tags").flatMap((text) => [...readTags(text)])]);
}

/**
 * Reads tags in logfmt or JSON.
 * @param {string} text
 * @returns {Map<string, string>}
 */
export function readTags(text) {
  // Pasted text may begin with blanks that JSON does not allow.
  const trimmed = text.trim();
  return trimmed.startsWith("{") ? logfmt.fromJson(trimmed) : logfmt.read(text);
}

/**
 * Reads a link's `limit`.
 * @param {string} text
 */
export function limitOf(text) {
  if (!/^\d+$/.test(text)) throw new Error(`limit=${excerpt(text)}: this must be a number; 0 means all.`);
  return text;
}

/**
 * Remarks about a link: whether the form applies, and what is ignored.
 * @param {URLSearchParams} link
 */
export function remarks(link) {
  const ignored = [...new Set(link.keys())].filter((name) => !REPEATED.includes(name)).flatMap((name) => {
    const values = link.getAll(name).filter(Boolean);
    return values.slice(ONCE.includes(name) ? 1 : 0).map((value) => `${name}=${value}`);
  });
  return [
    ...(link.get("traceID") ? ["These traces are listed by their IDs; the form does not apply."] : []),
    ...(ignored.length > 0 ? [`Unknown parts of the link are ignored: ${excerpt(ignored.join(", "), 200)}`] : []),
  ];
}

/**
 * The tags as a link has them; undefined without any.
 * @param {Map<string, string>} tags
 */
export function tagsInLink(tags) {
  if (tags.size === 0) return undefined;
  const text = JSON.stringify(Object.fromEntries(tags));
  if (String(linkOf({ tags: text })).length > MAX_LENGTH) throw new Error("This is too long to be sent.");
  return text;
}

/**
 * The query as a link to this page.
 * @param {SearchQuery} query
 */
export const linkOf = (query) => new URLSearchParams(Object.entries(query).filter(([, value]) => value));

/**
 * The query as the API takes it at the time `now`, in milliseconds. Without an end it includes
 * traces of clocks that are ahead: they are shown when they arrive, so a reload must find them.
 * @param {SearchQuery} query
 */
export function apiQuery({ lookback: back = "", start, end, ...others }, now = Date.now()) {
  const since = back === CUSTOM ? start || "0" : String(Math.max(0, Math.round(now * 1000 - lookback(back))));
  return linkOf({ ...others, start: since, end: end || NEVER });
}
