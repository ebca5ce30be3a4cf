import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromLocal, lookback, microseconds, toLocal } from "../../../crates/embedded-jaeger/src/page/assets/time_range.js";

process.env.TZ = "Europe/Berlin";
const HOUR = 3_600e6;

describe("a lookback in microseconds:", () => {
  for (const [text, us] of [
    ["5m", HOUR / 12], ["90m", 1.5 * HOUR], ["1h30m", 1.5 * HOUR], ["1.75h", 1.75 * HOUR], ["2d", 48 * HOUR], ["1w", 168 * HOUR],
    ["1s500ms", 1.5e6], ["7us", 7], ["7µs", 7],
  ]) test(text, () => assert.equal(lookback(text), us));
});

describe("no lookback:", () => {
  for (const text of ["", "soon", "5", "0h", "-1h", "1h soon", "1y"]) {
    test(JSON.stringify(text), () => assert.throws(() => lookback(text), { message: `lookback=${text}: use a time such as 90m, 1h30m, 2d or 1w.` }));
  }
});

test("a time of a link is in microseconds", () => {
  assert.equal(microseconds("start", "1782900000000001"), 1_782_900_000_000_001);
  assert.equal(microseconds("start", "0"), 0);
});

describe("no time of a link:", () => {
  for (const [text, end] of [
    ["yesterday", "."], ["-1", "."], ["1e15", "."], ["", "."], ["1782900000", ", and looks like seconds."],
    ["1782900000000", ", and looks like milliseconds."], ["1782900000000000000", ", and looks like nanoseconds."],
  ]) {
    const message = `end=${text}: this must be microseconds since 1970${end}`;
    test(JSON.stringify(text), () => assert.throws(() => microseconds("end", text), { message }));
  }
});

test("a field has local time, in summer and in winter", () => {
  assert.equal(toLocal(Date.UTC(2026, 6, 1, 10) * 1000), "2026-07-01T12:00:00.000");
  assert.equal(toLocal(Date.UTC(2026, 11, 1, 10) * 1000), "2026-12-01T11:00:00.000");
});

test("a field is read as it was written", () => {
  const us = Date.UTC(2026, 9, 25, 12, 34, 56, 789) * 1000;
  assert.equal(fromLocal(toLocal(us)), us);
});
