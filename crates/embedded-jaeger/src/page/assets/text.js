// @ts-check

/**
 * Microseconds in a readable form: three digits, or two units.
 * @param {number} us
 * @returns {string}
 */
export function duration(us) {
  if (us < 0) return `-${duration(-us)}`;
  const [size] = unitOf(us);
  // Rounded first, since that may lead to the next unit: a thousand, or sixty seconds.
  const rounded = size * Number((us / size).toPrecision(3));
  if (rounded < MINUTE) return short(rounded);
  return parts(us, us < HOUR ? SECOND : us < DAY ? MINUTE : us < 100 * DAY ? HOUR : DAY);
}

/**
 * The same with so many digits that instants `step` microseconds apart differ in three of them.
 * @param {number} us
 * @param {number} step
 */
export function instant(us, step) {
  const [size, unit] = unitOf(us);
  const digits = Math.max(0, Math.ceil(Math.log10(size / (step || 1))) + 2);
  if (us < MINUTE) return `${Number((us / size).toFixed(digits))} ${unit}`;
  const grain = LONG.find(([size]) => size <= step / 30)?.[0] ?? 10 ** Math.max(0, Math.floor(Math.log10(step / 30)));
  return parts(us, grain);
}

const SECOND = 1e6;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** @typedef {readonly [size: number, unit: string]} Unit */
/** @type {Unit[]} */
const UNITS = [[SECOND, "s"], [1e3, "ms"], [1, "µs"], [1e-3, "ns"]];
/** @type {Unit[]} */
const LONG = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [SECOND, "s"]];

/** @param {number} us */
const unitOf = (us) => UNITS.find(([size]) => us >= size) ?? UNITS[us === 0 ? 2 : 3];

/** @param {number} us */
function short(us) {
  const [size, unit] = unitOf(us);
  return `${Number((us / size).toPrecision(3))} ${unit}`;
}

/**
 * In all units, rounded to `grain` microseconds; only the seconds may have a fraction.
 * @param {number} us
 * @param {number} grain
 */
function parts(us, grain) {
  let rest = Math.round(us / grain) * grain;
  const parts = LONG.map(([size, unit]) => {
    const amount = size === SECOND ? rest / size : Math.floor(rest / size);
    rest -= amount * size;
    return amount > 0 ? `${amount} ${unit}` : "";
  });
  return parts.filter(Boolean).join(" ");
}

/** @type {Intl.DateTimeFormatOptions} */
const DAY_AND_TIME = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };

/**
 * A point in time in the browser's zone, from microseconds since 1970; 0 means unknown. The Swedish
 * form is that of ISO 8601.
 * @param {number} us
 */
export const time = (us) => (us > 0 ? new Date(us / 1000).toLocaleString("sv", DAY_AND_TIME).replace(",", ".") : "unknown");

/**
 * Its time of day.
 * @param {number} us
 */
export const clock = (us) => time(us).replace(/^.* /, "");

/** @param {string} text */
export const excerpt = (text, length = 40) => (text.length > length ? `${text.slice(0, length)}…` : text);

/**
 * A number of things, of which `one` is the singular.
 * @param {number} number
 * @param {string} one
 */
export const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;

/** @param {number} number */
export const number = (number) => number.toLocaleString("en");

/**
 * A part of a whole in percent; 0 % and 100 % are exact.
 * @param {number} part
 * @param {number} whole
 */
export function share(part, whole) {
  const percent = (100 * part) / (whole || 1);
  if (percent > 0 && percent < 1) return "<1 %";
  if (percent > 99 && percent < 100) return ">99 %";
  return `${Math.round(percent)} %`;
}
