import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clampEnds, endsAround, parseZoom } from "../../../crates/embedded-jaeger/src/page/assets/zoom.js";

describe("the zoom of a link:", () => {
  for (const [text, expected] of [
    ["5-10", [5, 10]], ["0-0", [0, 0]], [null, null], ["", null], ["5", null], ["-5-10", null], ["5-10-15", null], ["1.5-2", null], ["a-b", null],
  ]) test(String(text), () => assert.deepEqual(parseZoom(text), expected));
});

describe("a range is within the trace of 100 µs, and not too short:", () => {
  for (const [ends, expected] of [
    [[10, 20], [10, 20]], [[-5, 120], [0, 100]], [[10.4, 19.6], [10, 20]], [[50, 50], [50, 54]], [[99, 99], [96, 100]], [[80, 20], [80, 84]],
    [[500, 600], [96, 100]],
  ]) test(ends.join(" to "), () => assert.deepEqual(clampEnds(ends, 100), expected));
});

test("a trace that is shorter than the shortest range is shown as a whole", () => {
  assert.deepEqual(clampEnds([0, 1], 1), [0, 1]);
  assert.deepEqual(clampEnds([0, 0], 0), [0, 0]);
});

test("a range around a point is moved into the trace", () => {
  assert.deepEqual(endsAround(50, 20, 100), [40, 60]);
  assert.deepEqual(endsAround(5, 20, 100), [0, 20]);
  assert.deepEqual(endsAround(99, 20, 100), [80, 100]);
  assert.deepEqual(endsAround(50, 200, 100), [0, 200]);
});
