import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clock, count, duration, excerpt, instant, number, share, time } from "../../../crates/embedded-jaeger/src/page/assets/text.js";

const SECOND = 1e6;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("durations are readable at every size:", () => {
  for (const [us, text] of [
    [0, "0 µs"],
    [0.0001, "0.1 ns"],
    [0.001, "1 ns"],
    [0.5, "500 ns"],
    [0.9999, "1 µs"],
    [1, "1 µs"],
    [1.5, "1.5 µs"],
    [999, "999 µs"],
    [999.9996, "1 ms"],
    [1_000, "1 ms"],
    [1_234, "1.23 ms"],
    [50_000, "50 ms"],
    [999_499, "999 ms"],
    [999_999, "1 s"],
    [SECOND, "1 s"],
    [59.94 * SECOND, "59.9 s"],
    [59.96 * SECOND, "1 min"],
    [MINUTE, "1 min"],
    [90 * SECOND, "1 min 30 s"],
    [HOUR - SECOND, "59 min 59 s"],
    [HOUR - 0.3 * SECOND, "1 h"],
    [HOUR, "1 h"],
    [65 * MINUTE, "1 h 5 min"],
    [DAY - SECOND, "1 d"],
    [DAY, "1 d"],
    [25 * HOUR, "1 d 1 h"],
    [3 * DAY + 7.4 * HOUR, "3 d 7 h"],
    [99 * DAY + 23.9 * HOUR, "100 d"],
    [20_784.9 * DAY, "20785 d"],
    [-49_994, "-50 ms"],
    [-0.5, "-500 ns"],
    [-1, "-1 µs"],
    [-65 * MINUTE, "-1 h 5 min"],
    [-DAY, "-1 d"],
  ]) test(`${us} µs`, () => assert.equal(duration(us), text));
});

describe("instants have the digits in which they differ:", () => {
  for (const [us, step, text] of [
    [0, 0, "0 µs"],
    [1_500, 250, "1.5 ms"],
    [1_002_996, 1, "1.002996 s"],
    [90.18 * SECOND, 0.5 * SECOND, "1 min 30.18 s"],
    [100 * SECOND, 0, "1 min 40 s"],
    [902 * SECOND, 902 * SECOND, "15 min 2 s"],
    [HOUR, HOUR / 4, "1 h"],
    [3_902_123_456, 1, "1 h 5 min 2.123456 s"],
    [6.25 * HOUR, 6.25 * HOUR, "6 h 15 min"],
    [3 * DAY, DAY, "3 d"],
  ]) test(`${us} µs, ${step} apart`, () => assert.equal(instant(us, step), text));
});

test("a time is that of the zone, to the millisecond", () => {
  const us = new Date(2026, 6, 1, 12, 30, 5, 42).getTime() * 1000;
  assert.equal(time(us), "2026-07-01 12:30:05.042");
  assert.equal(clock(us), "12:30:05.042");
});

test("a time of 0 is unknown", () => {
  assert.deepEqual([time(0), clock(0)], ["unknown", "unknown"]);
});

test("numbers of things are in the singular only for one", () => {
  assert.deepEqual([0, 1, 2].map((number) => count(number, "span")), ["0 spans", "1 span", "2 spans"]);
});

test("thousands are separated", () => {
  assert.equal(number(1_234_567), "1,234,567");
});

test("only a longer text is cut", () => {
  assert.deepEqual([excerpt("abc", 3), excerpt("abcd", 3)], ["abc", "abc…"]);
});

describe("nothing and everything are exact in percent:", () => {
  for (const [part, whole, text] of [
    [0, 0, "0 %"], [0, 10, "0 %"], [1, 1_000, "<1 %"], [1, 3, "33 %"], [999, 1_000, ">99 %"], [5, 5, "100 %"],
  ]) test(`${part} of ${whole}`, () => assert.equal(share(part, whole), text));
});
