// @ts-check
import { excerpt } from "./text.js";

// Ranges of time in links and in the form. Times are microseconds since 1970.

/** @type {Record<string, number>} */
const UNITS = { us: 1, µs: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86400e6, w: 7 * 86400e6 };
const PARTS = /(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d|w)/g;

/**
 * The microseconds of a lookback such as `90m`, `1h30m` or `1w`.
 * @param {string} text
 */
export function lookback(text) {
  const total = [...text.matchAll(PARTS)].reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit], 0);
  if (text.replace(PARTS, "") !== "" || total === 0) throw new Error(`lookback=${excerpt(text)}: use a time such as 90m, 1h30m, 2d or 1w.`);
  return total;
}

// Times of this century in other units, none of which is one in microseconds.
const MISTAKEN = /** @type {const} */ ([[1e8, 1e11, "seconds"], [1e11, 1e14, "milliseconds"], [1e17, Infinity, "nanoseconds"]]);

/**
 * Reads a link's `start` or `end`.
 * @param {string} name
 * @param {string} text
 */
export function microseconds(name, text) {
  const us = /^\d+$/.test(text) ? Number(text) : NaN;
  const [, , unit] = MISTAKEN.find(([from, to]) => us >= from && us < to) ?? [];
  const wrong = `${name}=${excerpt(text)}: this must be microseconds since 1970`;
  if (unit) throw new Error(`${wrong}, and looks like ${unit}.`);
  if (Number.isNaN(us)) throw new Error(`${wrong}.`);
  return us;
}

/**
 * The text of a field of the type `datetime-local`, which has milliseconds at best.
 * @param {number} us
 */
export function toLocal(us) {
  const date = new Date(us / 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60e3).toISOString().slice(0, -1);
}

/** @param {string} text */
export const fromLocal = (text) => Date.parse(text) * 1000;

export const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
