import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { layout, spread } from "../../../crates/embedded-jaeger/src/page/assets/layout.js";

// Node 20 does not have it; browsers do.
Map.groupBy ??= (items, keyOf) => {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...groups.get(keyOf(item)) ?? [], item]);
  return groups;
};

/** Lays out calls such as `a>b`. */
function laidOut(...texts) {
  const calls = texts.map((text) => text.split(">")).map(([parent, child]) => ({ parent, child }));
  const names = [...new Set(calls.flatMap(({ parent, child }) => [parent, child]))];
  return { names, ...layout(names, calls) };
}

/** The names from left to right; those of one column are sorted. */
function columns({ names, boxes }) {
  const lefts = [...new Set(names.map((name) => boxes.get(name).x))].sort((a, b) => a - b);
  return lefts.map((x) => names.filter((name) => boxes.get(name).x === x).sort().join(" "));
}

describe("services are in columns:", () => {
  for (const [name, calls, expected] of [
    ["a chain", ["a>b", "b>c"], ["a", "b", "c"]],
    ["a caller is left of all that it calls", ["a>b", "a>c"], ["a", "b c"]],
    ["a service is right of all its callers", ["a>b", "b>c", "a>c"], ["a", "b", "c"]],
    ["a circle begins with its caller from outside", ["b>c", "c>b", "a>b"], ["a", "b", "c"]],
    ["a call to itself moves nothing", ["a>a", "a>b"], ["a", "b"]],
    ["groups without calls between them", ["a>b", "c>d"], ["a c", "b d"]],
  ]) test(name, () => assert.deepEqual(columns(laidOut(...calls)), expected));
});

test("each call has a route from its caller to the service that it calls", () => {
  const { boxes, routes } = laidOut("a>b", "b>c", "a>c", "c>a");
  assert.equal(routes.length, 4);
  const touches = ({ x, y, width, height }, point) => [x, x + width].includes(point.x) && point.y >= y && point.y <= y + height;
  for (const { call, points } of routes) {
    assert.ok(touches(boxes.get(call.parent), points[0]), `${call.parent}>${call.child}`);
    assert.ok(touches(boxes.get(call.child), points.at(-1)), `${call.parent}>${call.child}`);
  }
});

test("a call that closes a circle goes back", () => {
  const { routes } = laidOut("a>b", "b>a");
  const rightwards = routes.map(({ points }) => points[0].x < points.at(-1).x);
  assert.deepEqual(rightwards, [true, false]);
});

test("a call over several columns has room in each between", () => {
  const { routes } = laidOut("a>b", "b>c", "c>d", "a>d");
  assert.deepEqual(routes.map(({ points }) => points.length), [2, 2, 2, 6]);
});

test("a call to itself rises above its service", () => {
  const { boxes, routes: [route] } = laidOut("a>a");
  assert.ok(route.loop < boxes.get("a").y);
  assert.ok(route.loop > 0);
});

test("boxes do not overlap, and all of them are in the picture", () => {
  const calls = Array.from({ length: 20 }, (_, i) => [`a>s${i}`, `s${i}>t${i % 3}`, `t${i % 3}>a`]).flat();
  const { boxes, width, height } = laidOut(...new Set(calls));
  const all = [...boxes.values()];
  assert.ok(all.every((box) => box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height));
  for (const a of all) for (const b of all) assert.ok(a === b || a.x !== b.x || Math.abs(a.y - b.y) >= a.height);
});

test("labels of one column do not overlap", () => {
  const { routes } = laidOut("a>x", "a>y", "a>z", "b>x", "b>y", "b>z");
  const labels = routes.map(({ label }) => label);
  for (const a of labels) for (const b of labels) assert.ok(a === b || a.x !== b.x || Math.abs(a.y - b.y) >= 14.9);
});

test("what has room stays; what is too near moves apart by the same", () => {
  assert.deepEqual(spread([0, 10, 20], [5, 5, 5]), [0, 10, 20]);
  assert.deepEqual(spread([10, 10], [4, 4]), [8, 12]);
});
