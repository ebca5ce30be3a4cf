import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { matching, nextError, visible } from "../../../crates/embedded-jaeger/src/page/assets/filter.js";
import { childOf, names, span, traceOf } from "./support.js";

const { nodes } = traceOf(
  span("a", { tags: [{ key: "http.route", value: "/Chain" }] }),
  span("b", { references: childOf("a"), logs: [{ timestamp: 1, fields: [{ key: "event", value: "retry" }] }] }),
  span("c", { references: childOf("b"), operationName: "SELECT" }),
  span("d", { references: childOf("a") }),
);
const [a, b, c] = nodes;

describe("the filter finds", () => {
  for (const [text, expected] of [
    ["select", ["c"]], [" SELECT ", ["c"]], ["http.route=/chain", ["a"]], ["http.route", ["a"]], ["retry", ["b"]], ["shop", ["a", "b", "c", "d"]],
    ["nothing", []],
  ]) test(JSON.stringify(text), () => assert.deepEqual(names([...matching(nodes, text)]), expected));
  test("nothing in particular without a text", () => assert.equal(matching(nodes, " "), null));
});

test("with a filter, matches and the spans above them are visible", () => {
  assert.deepEqual(names(visible(nodes, new Set([c]), new Set([a]))), ["a", "b", "c"]);
  assert.deepEqual(names(visible(nodes, new Set(), new Set())), []);
});

test("without a filter, spans below closed ones are hidden", () => {
  assert.deepEqual(names(visible(nodes, null, new Set([b]))), ["a", "b", "d"]);
  assert.deepEqual(names(visible(nodes, null, new Set([a]))), ["a"]);
  assert.deepEqual(names(visible(nodes, null, new Set())), ["a", "b", "c", "d"]);
});

test("errors follow each other in a circle", () => {
  const errors = [b, c];
  assert.deepEqual([-1, 0, 1, 2, 3].map((index) => nextError(errors, index, 1).span.spanID), ["b", "b", "c", "b", "b"]);
  assert.deepEqual([-1, 0, 1, 2, 3].map((index) => nextError(errors, index, -1).span.spanID), ["c", "c", "c", "b", "c"]);
  assert.equal(nextError([], 0, 1), undefined);
});
