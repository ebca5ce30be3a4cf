import { excerpt } from "./text.js";

// Ranges of time as links have them, and as a form shows them. Times are microseconds since 1970.

const UNITS = { us: 1, µs: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86400e6, w: 7 * 86400e6 };
const PARTS = /(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d|w)/g;

// A lookback such as `90m`, `1h30m` or `1w`; throws an error where it is none.
export function lookback(text) {
  const total = [...text.matchAll(PARTS)].reduce((sum, [, number, unit]) => sum + number * UNITS[unit], 0);
  if (text.replace(PARTS, "") !== "" || total === 0) throw new Error(`lookback=${excerpt(text)}: use a time such as 90m, 1h30m, 2d or 1w.`);
  return total;
}

// What else a number may have been meant as: none of these is a time of this century in microseconds.
const MISTAKEN = [[1e8, 1e11, "seconds"], [1e11, 1e14, "milliseconds"], [1e17, Infinity, "nanoseconds"]];

// A link's `start` or `end`.
export function microseconds(name, text) {
  const us = /^\d+$/.test(text) ? Number(text) : NaN;
  const [, , unit] = MISTAKEN.find(([from, to]) => us >= from && us < to) ?? [];
  const wrong = `${name}=${excerpt(text)}: this must be microseconds since 1970`;
  if (unit) throw new Error(`${wrong}, and looks like ${unit}.`);
  if (Number.isNaN(us)) throw new Error(`${wrong}.`);
  return us;
}

// As a field of the type `datetime-local` has it, which knows milliseconds.
export function local(us) {
  const date = new Date(us / 1000);
  return new Date(date - date.getTimezoneOffset() * 60e3).toISOString().slice(0, -1);
}

export const fromLocal = (text) => Date.parse(text) * 1000;

export const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
