import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dataOf } from "../../../crates/embedded-jaeger/src/page/assets/api.js";

const answer = (body, status = 200, type = "application/json; charset=utf-8") =>
  new Response(body, { status, statusText: "Bad Gateway", headers: { "content-type": type } });

test("the data of an answer", async () => {
  assert.deepEqual(await dataOf(answer('{"data":[1],"errors":null}')), [1]);
});

test("no data is an answer, too", async () => {
  assert.equal(await dataOf(answer('{"data":null}')), null);
});

describe("errors:", () => {
  const proxy = "A proxy answered instead of Jaeger. If it asks for a login, reload the page.";
  for (const [name, response, message] of [
    ["the API's own", answer('{"data":null,"errors":[{"code":400,"msg":"no service"}]}', 400), "no service"],
    ["without a message", answer('{"errors":[]}', 502), "502 Bad Gateway"],
    ["not in JSON", answer("<h1>Bad Gateway</h1>", 502, "text/html"), "502 Bad Gateway"],
    ["half an answer", answer('{"data":['), "The answer ended too early."],
    ["a login page", answer("<h1>Log in</h1>", 200, "text/html"), proxy],
    ["an empty page", answer("", 200, "text/plain"), proxy],
    ["JSON of a proxy", answer('{"message":"Unauthorized"}'), proxy],
    ["null", answer("null"), proxy],
    ["a list", answer("[]"), proxy],
  ]) test(name, () => assert.rejects(dataOf(response), { message }));
});
