import { base } from "./address.js";

// The query API's `data`, or an exception with its own message.
export async function ask(path, options) {
  const response = await fetch(base + path, options);
  const text = await response.text();
  // Some of the API's errors are JSON, and those of something between are not.
  let answer = {};
  try {
    answer = JSON.parse(text);
  } catch {
    if (response.ok) throw new Error(noJson(response));
  }
  if (!response.ok) throw new Error(answer.errors?.[0]?.msg ?? `${response.status} ${response.statusText}`);
  return answer.data;
}

// A proxy may answer by itself: with a page to log in, and the status 200.
function noJson({ headers }) {
  if (headers.get("content-type")?.startsWith("application/json")) return "The answer ended too early.";
  return "A proxy answered instead of Jaeger. If it asks for a login, reload the page.";
}
