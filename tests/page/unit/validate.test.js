import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { validate } from "../../../crates/embedded-jaeger/src/page/assets/validate.js";

const span = { spanID: "1", startTime: 5, duration: 7 };

test("missing parts become empty", () => {
  assert.deepEqual(validate({ traceID: "AB", spans: [span] }), {
    traceID: "ab",
    processes: {},
    spans: [{
      traceID: "ab", processID: "", spanID: "1", operationName: "", startTime: 5, duration: 7, references: [], tags: [], logs: [], warnings: [],
    }],
  });
});

test("all parts become text", () => {
  const tags = [{ key: "n", value: 1 }, { key: null, value: { a: [] } }, 7, null, {}];
  const { processes, spans } = validate({
    traceID: "a",
    processes: { p: { serviceName: ["s"], tags }, q: null },
    spans: [{ ...span, operationName: 5, processID: "p", tags, warnings: ["w", 1], logs: [{ timestamp: 2, fields: tags }, null] }],
  });
  const texts = [{ key: "n", value: "1" }, { key: "null", value: '{"a":[]}' }, { key: "", value: "" }];
  assert.deepEqual(processes, { p: { serviceName: '["s"]', tags: texts }, q: { serviceName: "", tags: [] } });
  assert.equal(spans[0].operationName, "5");
  assert.deepEqual(spans[0].tags, texts);
  assert.deepEqual(spans[0].warnings, ["w", "1"]);
  assert.deepEqual(spans[0].logs, [{ timestamp: 2, fields: texts }]);
});

test("a process is one of the trace's own", () => {
  const processes = JSON.parse('{ "__proto__": { "serviceName": "s" } }');
  const spans = ["__proto__", "constructor", "none"].map((processID) => ({ ...span, processID }));
  assert.deepEqual(validate({ traceID: "a", processes, spans }).spans.map(({ processID }) => processID), ["__proto__", "", ""]);
});

test("the id may be that of the first span", () => {
  assert.equal(validate({ spans: [{ ...span, traceID: "0C" }] }).traceID, "0c");
});

describe("invalid:", () => {
  const at = "span 2 of trace a:";
  for (const [name, change, message] of [
    ["an id of a span", { spanID: "x" }, `${at} spanID is "x"; expected are 1 to 32 hexadecimal digits.`],
    ["no id of a span", { spanID: undefined }, `${at} spanID is missing; expected are 1 to 32 hexadecimal digits.`],
    ["an id that is too long", { spanID: "1".repeat(33) }, `${at} spanID is "${"1".repeat(33)}"; expected are 1 to 32 hexadecimal digits.`],
    ["a start", { startTime: "now" }, `${at} startTime is "now"; expected is a number of microseconds.`],
    ["a duration", { duration: 1e300 }, `${at} duration is 1e+300; expected is a number of microseconds.`],
    ["a reference", { references: [{ spanID: "1" }] }, `${at} traceID of a reference is missing; expected are 1 to 32 hexadecimal digits.`],
    ["an event's time", { logs: [{ timestamp: null }] }, `${at} timestamp is null; expected is a number of microseconds.`],
  ]) test(name, () => assert.throws(() => validate({ traceID: "a", spans: [span, { ...span, ...change }] }), { message }));
  test("a span", () => assert.throws(() => validate({ traceID: "a", spans: [span, null] }), { message: /^span 2 of trace a: spanID is missing/ }));
  test("the trace's id", () => {
    assert.throws(() => validate({ traceID: "../x", spans: [span] }), { message: 'traceID is "../x"; expected are 1 to 32 hexadecimal digits.' });
  });
});
