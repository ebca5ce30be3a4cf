// Microseconds as people read them.
export function duration(us) {
  const [size, unit] = unitOf(us);
  return `${size === 1 ? us : short(us / size)} ${unit}`;
}

// The same, to three digits of what it differs from another: `step` microseconds.
export function instant(us, step) {
  const [size, unit] = unitOf(us);
  const digits = Math.max(0, Math.ceil(Math.log10(size / (step || 1))) + 2);
  return `${Number((us / size).toFixed(digits))} ${unit}`;
}

const unitOf = (us) => UNITS.find(([size]) => us >= size) ?? UNITS.at(-1);
const UNITS = [[60e6, "min"], [1e6, "s"], [1e3, "ms"], [1, "µs"]];

const short = (number) => String(Number(number.toPrecision(number < 1000 ? 3 : 4)));

const DAY_AND_TIME = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };

// A point in time, given in microseconds since 1970; Sweden writes it as ISO 8601 does.
export const time = (us) => new Date(us / 1000).toLocaleString("sv", DAY_AND_TIME).replace(",", ".");

// Its time of day alone.
export const clock = (us) => time(us).split(" ")[1];

export const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;

export const number = (number) => number.toLocaleString("en");

// A part of a whole in percent. Neither nothing nor everything is said where it is not so.
export function share(part, whole) {
  const percent = (100 * part) / (whole || 1);
  if (percent > 0 && percent < 1) return "<1 %";
  if (percent > 99 && percent < 100) return ">99 %";
  return `${Math.round(percent)} %`;
}
