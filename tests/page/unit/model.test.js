import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lackOf, nameOf, plainId, read, services } from "../../../crates/embedded-jaeger/src/page/assets/model.js";
import { BEGIN, childOf, names, span, traceOf } from "./support.js";

describe("the root is that of Jaeger's UI", () => {
  for (const [name, made, root] of [
    ["the first without a parent", [["b", [], 2], ["a", [], 1]], "a"],
    ["not an orphan, if there is another", [["late", [], 9], ["orphan", ["x"], 1]], "late"],
    ["the orphan with the fewest references", [["two", ["x", "y"], 1], ["one", ["x"], 2]], "one"],
    ["the first of two such orphans", [["b", ["x"], 2], ["a", ["y"], 1]], "a"],
    ["not a child, however early it started", [["root", ["x"], 5], ["child", ["root"], 1]], "root"],
    ["not a child by its second reference", [["root", ["x"], 5], ["child", ["y", "root"], 1]], "root"],
    ["a span that names itself has one reference more", [["self", ["self"], 1], ["root", [], 2]], "root"],
    ["the first of a circle", [["a", ["b"], 2], ["b", ["a"], 1]], "b"],
  ]) {
    test(name, () => {
      const spans = made.map(([id, parents, startTime]) => span(id, { startTime, references: childOf(...parents) }));
      assert.equal(traceOf(...spans).root.span.spanID, root);
    });
  }
});

test("nodes are depth first, and siblings by their start", () => {
  const { nodes } = traceOf(
    span("c", { startTime: 3, references: childOf("a") }), span("d", { startTime: 4, references: childOf("b") }),
    span("b", { startTime: 2, references: childOf("a") }), span("a", { startTime: 1 }),
  );
  assert.deepEqual(names(nodes), ["a", "b", "d", "c"]);
  assert.deepEqual(nodes.map(({ depth, index, place }) => [depth, index, place]), [[0, 0, 0], [1, 1, 0], [2, 2, 0], [1, 3, 1]]);
});

test("each span of a circle is shown once", () => {
  const { nodes } = traceOf(
    span("a", { references: childOf("c") }), span("b", { references: childOf("a") }), span("c", { references: childOf("b") }),
  );
  assert.deepEqual(names(nodes), ["a", "b", "c"]);
  assert.equal(nodes[0].parent, null);
});

test("the parent is the first reference that is in the trace", () => {
  const { nodes, missing } = traceOf(
    span("a"),
    span("b", { references: childOf("gone", "a") }),
    span("c", { references: [{ refType: "FOLLOWS_FROM", traceID: "1", spanID: "b" }, ...childOf("a")] }),
  );
  assert.deepEqual(nodes.map(({ parent }) => parent?.span.spanID), [undefined, "a", "b"]);
  assert.deepEqual(missing, []);
});

test("a missing parent is counted once, and names the orphan's", () => {
  const trace = traceOf(span("a"), span("b", { references: childOf("gone") }), span("c", { references: childOf("gone", "lost") }));
  assert.deepEqual(trace.missing, ["gone"]);
  assert.deepEqual(trace.nodes.map(({ orphanOf }) => orphanOf), [undefined, "gone", "gone"]);
  assert.equal(lackOf(trace), "1 parent missing");
});

test("neither zero nor a span of another trace is a missing parent", () => {
  const other = { refType: "CHILD_OF", traceID: "2", spanID: "x" };
  assert.deepEqual(traceOf(span("a", { references: [other] }), span("b", { references: childOf("0000") })).missing, []);
});

test("of spans with the same id the first one is the parent", () => {
  const { nodes } = traceOf(span("a", { startTime: 1 }), span("a", { startTime: 2 }), span("b", { startTime: 3, references: childOf("a") }));
  assert.deepEqual(nodes.map(({ children }) => children.length), [1, 0, 0]);
});

describe("a span without a start", () => {
  const starts = (...spans) => Object.fromEntries(traceOf(...spans).nodes.map(({ span, noStart }) => [span.spanID, [span.startTime, noStart]]));
  test("begins with the nearest span above it that has one", () => {
    const found = starts(
      span("a", { startTime: 5 }), span("b", { startTime: 0, references: childOf("a") }), span("c", { startTime: 0, references: childOf("b") }),
    );
    assert.deepEqual(found, { a: [5, undefined], b: [5, true], c: [5, true] });
  });
  test("begins with the first of the trace if it is the root", () => {
    assert.deepEqual(starts(span("a", { startTime: 0 }), span("b", { startTime: 7, references: childOf("a") })), { a: [7, true], b: [7, undefined] });
  });
  test("has none if the whole trace has none", () => {
    assert.deepEqual(starts(span("a", { startTime: 0 }), span("b", { startTime: 0, references: childOf("a") })), { a: [0, true], b: [0, true] });
  });
  test("is found in a circle, too", () => {
    assert.deepEqual(starts(span("a", { startTime: 0, references: childOf("b") }), span("b", { startTime: 0, references: childOf("a") })),
      { a: [0, true], b: [0, true] });
  });
});

test("the trace lasts from its first start to its last end", () => {
  const { start, duration } = traceOf(span("a", { startTime: 10, duration: 5 }), span("b", { startTime: 12, duration: 20 }));
  assert.deepEqual([start, duration], [10, 22]);
});

describe("a span has failed", () => {
  for (const [tag, failed] of [
    [{ key: "error", value: true }, true], [{ key: "error", value: "true" }, true], [{ key: "error", value: false }, false],
    [{ key: "error", value: "no" }, false], [{ key: "otel.status_code", value: "ERROR" }, true], [{ key: "otel.status_code", value: "OK" }, false],
  ]) {
    test(`${failed ? "with" : "not with"} ${tag.key}=${JSON.stringify(tag.value)}`, () => {
      assert.equal(traceOf(span("a", { tags: [tag] })).errors.length, Number(failed));
    });
  }
});

test("a trace is named after its root, and services are counted", () => {
  const processes = { p: { serviceName: "shop", tags: [] }, q: { serviceName: "bank", tags: [] } };
  const spans = [span("buy"), span("b", { processID: "q", references: childOf("buy") }), span("c", { processID: "none" }), span("d")];
  const trace = read({ spans, processes });
  assert.equal(nameOf(trace), "shop: buy");
  assert.deepEqual([...services(trace.nodes)], [["shop", 2], ["bank", 1], ["", 1]]);
});

test("ids are equal without their zeros", () => {
  assert.equal(plainId("00AB0"), plainId("0000ab0"));
});

test("a trace may have more spans than a call has arguments, and be deeper than the stack", () => {
  const count = 200_000;
  const spans = Array.from({ length: count }, (_, i) => span(`n${i}`, { startTime: BEGIN + i, references: i ? childOf(`n${i - 1}`) : [] }));
  const { nodes, duration } = traceOf(...spans.slice(0, 10_000));
  assert.equal(nodes[9_999].depth, 9_999);
  assert.equal(duration, 10_000);
  assert.equal(read({ spans, processes: {} }).duration, count);
});
