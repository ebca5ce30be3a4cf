import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromJson, read, write } from "../../../crates/embedded-jaeger/src/page/assets/logfmt.js";

const r = String.raw;

describe("tags are read, and read again as they are written:", () => {
  for (const [text, tags] of [
    ["", {}],
    [" \t ", {}],
    ["foo=bar", { foo: "bar" }],
    ['foo = "bar"', { foo: "bar" }],
    ["foo= bar", { foo: "bar" }],
    ["foo\t=\tbar", { foo: "bar" }],
    ["foo\u00a0= bar", { foo: "bar" }],
    ["a = b c = d", { a: "b", c: "d" }],
    ["error", { error: "true" }],
    ["error a=1", { error: "true", a: "1" }],
    ['"two words"', { "two words": "true" }],
    ["foo:bar", { "foo:bar": "true" }],
    [r`msg="say \"hi\" now"`, { msg: 'say "hi" now' }],
    [r`p="a\\b\c"`, { p: r`a\b\c` }],
    [r`p=C:\temp`, { p: r`C:\temp` }],
    ['"my key"=v', { "my key": "v" }],
    ['"a=b"="c=d"', { "a=b": "c=d" }],
    ["foo=bar foo=other", { foo: "other" }],
    ["http.url=http://h/c?a=5&x=1", { "http.url": "http://h/c?a=5&x=1" }],
    ["a==b", { a: "=b" }],
    ["foo=", { foo: "" }],
    ['foo="" b=1', { foo: "", b: "1" }],
    ['""=x', { "": "x" }],
    ["ключ=значение 名=値", { ключ: "значение", 名: "値" }],
    ['p={"a":1}', { p: '{"a":1}' }],
    ["constructor=x", { constructor: "x" }],
    ["\\", { "\\": "true" }],
    ["p=C:\\", { p: "C:\\" }],
    ['a=b"c', { a: 'b"c' }],
    ['a=1\nb\u2028c="\t"', { a: "1", b: "true", c: "\t" }],
    ['foo=bar""', { foo: 'bar""' }],
    [r`a="\u0041"`, { a: r`\u0041` }],
    ['msg=say "hi"', { msg: "say", hi: "true" }],
    ["foo=“b”,c=d", { foo: "“b”,c=d" }],
    ['"{a"=b', { "{a": "b" }],
  ]) {
    test(JSON.stringify(text), () => {
      const found = read(text);
      assert.deepEqual([...found], Object.entries(tags));
      assert.deepEqual([...read(write(found))], Object.entries(tags));
    });
  }
});

describe("the invalid part is quoted, with the reason:", () => {
  for (const [text, message] of [
    ["=bar", "=bar: a key is missing before ="],
    ["a=1 = 2", "= 2: a key is missing before ="],
    ['msg="say', '"say: the closing quote is missing'],
    ['a=1 "b', '"b: the closing quote is missing'],
    [r`a="\"`, r`"\": the closing quote is missing`],
    [r`p="C:\"`, r`"C:\": the closing quote is missing`],
    ['a="b"c=d', '"b"c=d: a closing quote must'],
    ['a="b"c', '"b"c: a closing quote must'],
    ['foo=""""', '"""": a closing quote must'],
    ['foo:"bar"', 'foo:"bar": put the whole key in quotes'],
    ['a="b"=c', 'a="b"=c: a closing quote must'],
    ['"a"b=c', '"a"b=c: a closing quote must'],
    ['ke"y=1', 'ke"y=1: put the whole key in quotes'],
    ["foo= bar=1", 'foo= bar=1: write foo="" for an empty value, or foo="bar=1".'],
    ["a = = b", "a = = b: write a="],
  ]) test(text, () => assert.throws(() => read(text), ({ message: found }) => found.startsWith(message)));
});

describe("tags of Jaeger's links, in JSON:", () => {
  for (const [text, tags] of [
    ["{}", {}],
    ['{"a":"b","c":true,"d":7,"e":null}', { a: "b", c: "true", d: "7", e: "" }],
    ['{"foo":"bar\\n"}', { foo: "bar\n" }],
  ]) {
    test(text, () => {
      assert.deepEqual([...fromJson(text)], Object.entries(tags));
    });
  }
  for (const [text, message] of [
    ['{"foo":', '{"foo":: this starts like JSON and is not valid.'],
    ['{"foo":"bar"} error', '{"foo":"bar"} error: this starts like JSON and is not valid.'],
    ['{"foo":{}}', '{"foo":{}}: the value of foo is not a string.'],
    ['{"foo":["bar"]}', '{"foo":["bar"]}: the value of foo is not a string.'],
    ['{"foo":1.5}', '{"foo":1.5}: the value of foo is not a string.'],
    ['{"foo":12345678901234567890}', '{"foo":12345678901234567890}: the value of foo is not a string.'],
  ]) test(text, () => assert.throws(() => fromJson(text), { message }));
});

test("a line break is written as JSON", () => {
  const tags = new Map([["a", "x\ny"], ["b", "z"]]);
  assert.deepEqual(fromJson(write(tags)), tags);
});
