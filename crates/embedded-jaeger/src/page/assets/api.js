import { base } from "./address.js";

// The query API's `data`, or an exception with its own message.
export async function ask(path, options) {
  const response = await fetch(base + path, options);
  const answer = parsed(await response.text());
  if (!response.ok) throw new Error(answer?.errors?.[0]?.msg ?? `${response.status} ${response.statusText}`);
  // It is null where there is nothing.
  if (answer?.data === undefined) throw new Error(noAnswer(response, answer));
  return answer.data;
}

// Some of the API's errors are not JSON, nor are those of something between.
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// A proxy may answer by itself: with a page to log in, or JSON of its own, and the status 200.
function noAnswer({ headers }, answer) {
  const isJson = headers.get("content-type")?.startsWith("application/json");
  if (isJson && answer === undefined) return "The answer ended too early.";
  return "A proxy answered instead of Jaeger. If it asks for a login, reload the page.";
}
