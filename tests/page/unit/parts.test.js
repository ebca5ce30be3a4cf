// Pure parts of the modules that draw.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { base, fileAddress, traceAddress } from "../../../crates/embedded-jaeger/src/page/assets/address.js";
import { joinSections } from "../../../crates/embedded-jaeger/src/page/assets/bars.js";
import { oneAtATime } from "../../../crates/embedded-jaeger/src/page/assets/live.js";
import { isLong } from "../../../crates/embedded-jaeger/src/page/assets/long_text.js";
import { transport } from "../../../crates/embedded-jaeger/src/page/assets/rows.js";
import { logarithmic } from "../../../crates/embedded-jaeger/src/page/assets/scatter.js";
import { sortRows } from "../../../crates/embedded-jaeger/src/page/assets/table.js";

describe("addresses", () => {
  test("begin above the folder of the scripts", () => {
    const scripts = new URL("../../../crates/embedded-jaeger/src/page/assets/", import.meta.url);
    assert.equal(`${base}/`, new URL("..", scripts).pathname);
  });
  test("of traces and spans are escaped", () => {
    assert.equal(traceAddress("a/b", "c&d"), `${base}/trace/a%2Fb?span=c%26d`);
    assert.equal(traceAddress("ab", null), `${base}/trace/ab`);
  });
  test("of files are those of a trace or of all", () => {
    assert.deepEqual([fileAddress("a?"), fileAddress(""), fileAddress()], [`${base}/file/a%3F`, `${base}/file`, `${base}/file`]);
  });
});

test("sections that are near are joined", () => {
  assert.deepEqual(joinSections([[90, 100], [80, 86], [60, 75]], 5), [[80, 100], [60, 75]]);
  assert.deepEqual(joinSections([], 5), []);
});

describe("a text is long", () => {
  for (const [name, text, expected] of [
    ["with more than 300 characters", "x".repeat(301), true], ["not with 300", "x".repeat(300), false],
    ["with more than six lines", "x\n".repeat(6), true], ["not with six", "x\n".repeat(5), false],
  ]) test(name, () => assert.equal(isLong(text), expected));
});

test("transports have their names, and unknown ones their own", () => {
  const of = (value) => transport({ tags: [{ key: "internal.span.receiver", value }] });
  assert.deepEqual(["grpc", "http", "udp-compact", "zipkin", "constructor"].map(of), ["gRPC", "HTTP", "UDP", "zipkin", "constructor"]);
  assert.equal(transport({ tags: [] }), undefined);
});

describe("the scale of durations", () => {
  test("has the shortest at the bottom and the longest at the top", () => {
    const { top, lines } = logarithmic([1_000, 100_000]);
    assert.deepEqual([1_000, 10_000, 100_000].map((us) => Math.round(top(us))), [100, 50, 0]);
    assert.deepEqual(lines, [1_000, 10_000, 100_000]);
  });
  test("has a place for a single duration", () => {
    const { top, lines } = logarithmic([1_500, 1_500]);
    assert.ok(top(1_500) > 0 && top(1_500) < 100);
    assert.deepEqual(lines, [1_000, 2_000]);
  });
  test("has a place for none at all", () => {
    assert.equal(logarithmic([0]).top(0), 100);
  });
  test("never has many lines", () => {
    for (let longest = 10; longest < 1e15; longest *= 3) assert.ok(logarithmic([1, longest]).lines.length <= 8, String(longest));
  });
});

describe("rows are sorted", () => {
  const columns = [{ key: "name", value: ({ name }) => name }, { key: "count", value: ({ count }) => count }];
  const rows = [{ name: "b", count: 10 }, { name: "a", count: 9 }, { name: "ä", count: 100 }];
  const sorted = (sort) => sortRows(rows, columns, sort).map(({ name }) => name).join("");
  test("by name", () => assert.deepEqual([sorted("name"), sorted("-name")], ["aäb", "bäa"]));
  test("by number", () => assert.deepEqual([sorted("count"), sorted("-count")], ["abä", "äba"]));
  test("and stay as they are otherwise", () => assert.deepEqual(rows.map(({ name }) => name), ["b", "a", "ä"]));
});

describe("one call at a time:", () => {
  test("requests during a call lead to one more", async () => {
    const ends = [];
    const update = oneAtATime(() => new Promise((resolve) => ends.push(resolve)));
    const first = update();
    update();
    update();
    assert.equal(ends.length, 1);
    ends[0]();
    await Promise.resolve();
    assert.equal(ends.length, 2);
    ends[1]();
    await first;
    assert.equal(ends.length, 2);
  });
  test("after a call comes the next", async () => {
    let calls = 0;
    const update = oneAtATime(async () => { calls++; });
    await update();
    await update();
    assert.equal(calls, 2);
  });
});
