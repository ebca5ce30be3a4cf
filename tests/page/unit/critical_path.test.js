import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { criticalPath } from "../../../crates/embedded-jaeger/src/page/assets/critical_path.js";
import { read } from "../../../crates/embedded-jaeger/src/page/assets/model.js";
import { BEGIN, span } from "./support.js";

/**
 * A trace of [name, parent, from, to]. A name with `~` follows from its parent; one with `>` is a
 * consumer's span.
 */
const made = (spans) => read({ processes: {}, spans: spans.map(([name, parent, from, to]) => span(name, {
  startTime: BEGIN + from,
  duration: to - from,
  references: parent ? [{ refType: name.startsWith("~") ? "FOLLOWS_FROM" : "CHILD_OF", traceID: "1", spanID: parent }] : [],
  tags: name.startsWith(">") ? [{ key: "span.kind", value: "consumer" }] : [],
})) });

/** The sections of each span, the first one first. */
const sections = (trace) => Object.fromEntries([...criticalPath(trace)].map(([node, sections]) =>
  [node.span.spanID, sections.toReversed().map((section) => section.map((us) => us - BEGIN))]));

describe("the critical path is that of Jaeger's UI, worked out by hand:", () => {
  for (const [name, spans, expected] of [
    ["a span alone", [["a", "", 0, 100]], { a: [[0, 100]] }],
    ["one child after the other, with pauses", [["a", "", 0, 100], ["b", "a", 10, 40], ["c", "a", 50, 90]],
      { a: [[0, 10], [40, 50], [90, 100]], b: [[10, 40]], c: [[50, 90]] }],
    ["without a pause", [["a", "", 0, 100], ["b", "a", 0, 50], ["c", "a", 50, 100]], { b: [[0, 50]], c: [[50, 100]] }],
    ["a child that ends during the last one was not waited for", [["a", "", 0, 100], ["b", "a", 10, 60], ["c", "a", 50, 90]],
      { a: [[0, 50], [90, 100]], c: [[50, 90]] }],
    ["nor was one that is within another", [["a", "", 0, 100], ["b", "a", 10, 90], ["c", "a", 20, 50]],
      { a: [[0, 10], [90, 100]], b: [[10, 90]] }],
    ["two in parallel, then a third", [["a", "", 0, 100], ["b", "a", 5, 30], ["c", "a", 5, 40], ["d", "a", 45, 80]],
      { a: [[0, 5], [40, 45], [80, 100]], c: [[5, 40]], d: [[45, 80]] }],
    ["of two that end together, the one that started first", [["a", "", 0, 100], ["b", "a", 10, 90], ["c", "a", 40, 90]],
      { a: [[0, 10], [90, 100]], b: [[10, 90]] }],
    ["children of children", [["a", "", 0, 100], ["b", "a", 10, 90], ["c", "b", 20, 80], ["d", "c", 20, 40], ["e", "a", 92, 96]],
      { a: [[0, 10], [90, 92], [96, 100]], b: [[10, 20], [80, 90]], c: [[40, 80]], d: [[20, 40]], e: [[92, 96]] }],
    ["a child that outlives its parent counts up to the parent's end, and so do its children",
      [["a", "", 0, 100], ["b", "a", 60, 150], ["c", "b", 90, 140], ["d", "b", 120, 130]],
      { a: [[0, 60]], b: [[60, 90]], c: [[90, 100]] }],
    ["a child that starts after its parent's end does not count", [["a", "", 0, 100], ["b", "a", 100, 150], ["c", "b", 110, 120]],
      { a: [[0, 100]] }],
    ["a slow clock: the child seems to start before its parent", [["a", "", 50, 150], ["b", "a", 20, 80], ["c", "a", 10, 40]],
      { a: [[80, 150]], b: [[50, 80]] }],
    ["a wrong clock, and a child that seems to take longer than its parent", [["a", "", 50, 150], ["b", "a", 20, 200]], { b: [[50, 150]] }],
    ["followers, consumers and all below them are not waited for",
      [["a", "", 0, 100], ["~b", "a", 10, 95], ["c", "~b", 20, 90], [">d", "a", 30, 99]], { a: [[0, 100]] }],
    ["spans without a duration, a second root and orphans are not on it",
      [["a", "", 0, 100], ["b", "a", 50, 50], ["c", "", 20, 200], ["d", "missing", 30, 200]], { a: [[0, 100]] }],
    ["spans that are each other's parents", [["a", "b", 0, 100], ["b", "a", 10, 50]], { a: [[0, 10], [50, 100]], b: [[10, 50]] }],
    ["a root without a duration has none", [["a", "", 0, 0], ["b", "a", 0, 10]], {}],
  ]) test(name, () => assert.deepEqual(sections(made(spans)), expected));
});

describe("all of the root's time is on the path once, in a trace that is", () => {
  const check = (spans, length, size) => {
    const path = criticalPath(made(spans));
    const lengths = [...path.values()].flat().map(([from, to]) => to - from);
    assert.equal(lengths.reduce((sum, length) => sum + length, 0), length);
    assert.equal(path.size, size);
  };
  test("deep", () => check(Array.from({ length: 10_000 }, (_, i) => [`n${i}`, i ? `n${i - 1}` : "", i, 40_000 - i]), 40_000, 10_000));
  test("wide", () => check(Array.from({ length: 200_001 }, (_, i) => (i ? [`n${i}`, "n0", 2 * i, 2 * i + 1] : ["n0", "", 0, 1_000_000])), 1_000_000, 200_001));
});
