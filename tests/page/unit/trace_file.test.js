import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readTraces } from "../../../crates/embedded-jaeger/src/page/assets/trace_file.js";

const trace = (traceID) => ({ traceID, spans: [{ spanID: "1", startTime: 5, duration: 7 }], processes: {} });
const file = (content, name = "f.json") => new File([typeof content === "string" ? content : JSON.stringify(content)], name);
const ids = async (...files) => (await readTraces(files)).map(({ traceID }) => traceID);

describe("traces are read from", () => {
  for (const [name, content, expected] of [
    ["an answer of the API", { data: [trace("a"), trace("b")] }, ["a", "b"]],
    ["an answer with a single trace", { data: trace("a") }, ["a"]],
    ["a trace", trace("a"), ["a"]],
    ["a list", [trace("a"), trace("b")], ["a", "b"]],
    ["lines", `${JSON.stringify(trace("a"))}\r\n\r\n${JSON.stringify(trace("b"))}\n`, ["a", "b"]],
    ["a file with a byte order mark", `\ufeff${JSON.stringify(trace("a"))}`, ["a"]],
    ["a file that also has a trace without spans", [trace("a"), { traceID: "b", spans: [] }], ["a"]],
  ]) test(name, async () => assert.deepEqual(await ids(file(content)), expected));
});

test("of several files, the last trace with an id counts", async () => {
  const last = { ...trace("a"), spans: [{ spanID: "9", startTime: 5, duration: 7 }] };
  const traces = await readTraces([file([trace("a"), trace("b")]), file(last)]);
  assert.deepEqual(traces.map(({ traceID, spans }) => [traceID, spans[0].spanID]), [["a", "9"], ["b", "1"]]);
});

describe("no trace:", () => {
  const neither = "f.json: a trace is expected, of Jaeger (with spans) or of OTLP (with resourceSpans); there is something else.";
  for (const [name, content, message] of [
    ["text", "hello\nworld", "f.json: this is not JSON."],
    ["half a document", JSON.stringify(trace("a")).slice(0, 40), "f.json: this is not JSON."],
    ["a line", `${JSON.stringify(trace("a"))}\n\n{"spans"`, "f.json: line 3 is not JSON."],
    ["an empty file", "", "f.json: there is no span in it."],
    ["an answer without traces", { data: [] }, "f.json: there is no span in it."],
    ["an answer without data", { data: null, errors: [] }, neither],
    ["a list of something else", [1, null], neither],
    ["an object", { spans: {} }, neither],
    ["deep nesting", "[".repeat(100_000), "f.json: this is not JSON."],
    ["an invalid id", trace("x"), 'f.json: traceID is "x"; expected are 1 to 32 hexadecimal digits.'],
  ]) test(name, () => assert.rejects(readTraces([file(content)]), { message }));
  test("a file beside one that is", () =>
    assert.rejects(readTraces([file(trace("a"), "a.json"), file("x", "b.json")]), { message: "b.json: this is not JSON." }));
});

test("files that are too large together are not read", async () => {
  const half = new File([new Uint8Array(17 * 1024 * 1024)], "half");
  await assert.rejects(readTraces([half, half]), { message: "half, half: too large with 34.0 MiB; at most 32.0 MiB can be opened." });
});
