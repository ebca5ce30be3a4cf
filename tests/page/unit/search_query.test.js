import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { apiQuery, limitOf, linkOf, readTags, remarks, tagsInLink, tagsOf } from "../../../crates/embedded-jaeger/src/page/assets/search_query.js";

const NOW = 1_782_900_000_000;
const END = String(Number.MAX_SAFE_INTEGER);

describe("the tags of a link:", () => {
  for (const [link, tags] of [
    ["", {}],
    ["tag=foo:bar", { foo: "bar" }],
    ["tag=url:http://x", { url: "http://x" }],
    ["tag=a:", { a: "" }],
    ["tag=foo:bar&tag=error:true", { foo: "bar", error: "true" }],
    ["tags=foo%3Dbar error", { foo: "bar", error: "true" }],
    ['tags={"foo":"bar","n":7}', { foo: "bar", n: "7" }],
    ['tag=foo:bar&tags={"foo":"other"}', { foo: "other" }],
    ["tags=a%3D1&tags=b%3D2", { a: "1", b: "2" }],
    ["tags=__proto__%3Dx", [["__proto__", "x"]]],
  ]) {
    test(link, () => {
      assert.deepEqual([...tagsOf(new URLSearchParams(link))], Array.isArray(tags) ? tags : Object.entries(tags));
    });
  }
  test("tag=foo is invalid", () => {
    assert.throws(() => tagsOf(new URLSearchParams("tag=foo")), { message: "tag=foo: this must be tag=key:value." });
  });
});

test("blanks around JSON are ignored", () => {
  assert.deepEqual([...readTags(' \u00a0{"a":"b"}\n')], [["a", "b"]]);
});

test("the tags of the form are JSON in a link, unless there are none", () => {
  assert.equal(tagsInLink(new Map([["a", "b"]])), '{"a":"b"}');
  assert.equal(tagsInLink(new Map()), undefined);
});

test("tags for which an address has no room are refused", () => {
  assert.throws(() => tagsInLink(new Map([["a", "é".repeat(10_000)]])), { message: "This is too long to be sent." });
  assert.ok(tagsInLink(new Map([["a", "e".repeat(50_000)]])));
});

test("a limit is a number", () => {
  assert.equal(limitOf("0"), "0");
  for (const text of ["x", "-1", "1.5", ""]) {
    assert.throws(() => limitOf(text), { message: `limit=${text}: this must be a number; 0 means all.` });
  }
});

describe("remarks about a link:", () => {
  for (const [link, expected] of [
    ["service=a&operation=b&limit=20&lookback=1h&tag=x:y&tag=z:&start=1&end=2&minDuration=1ms&maxDuration=", []],
    ["view=traces&foo=a&foo=b", ["Unknown parts of the link are ignored: view=traces, foo=a, foo=b"]],
    ["service=a&service=b", ["Unknown parts of the link are ignored: service=b"]],
    ["view=", []],
    ["traceID=1&traceID=2", ["These traces are listed by their IDs; the form does not apply."]],
  ]) test(link, () => assert.deepEqual(remarks(new URLSearchParams(link)), expected));
});

describe("the API is asked for", () => {
  for (const [name, query, expected] of [
    ["a lookback", { service: "s", lookback: "1h" }, { service: "s", start: String(NOW * 1000 - 3_600e6), end: END }],
    ["a range", { service: "s", lookback: "custom", start: "5", end: "9" }, { service: "s", start: "5", end: "9" }],
    ["a range without ends", { lookback: "custom", start: "", end: "" }, { start: "0", end: END }],
    ["only the fields that have values", { service: "s", operation: "", limit: "20", lookback: "custom", start: "5" },
      { service: "s", limit: "20", start: "5", end: END }],
    ["nothing before 1970", { lookback: "9999w" }, { start: "0", end: END }],
  ]) test(name, () => assert.deepEqual(Object.fromEntries(apiQuery(query, NOW)), expected));
});

test("a link leaves empty fields out", () => {
  assert.equal(String(linkOf({ service: "a b", operation: "", tags: undefined })), "service=a+b");
});
