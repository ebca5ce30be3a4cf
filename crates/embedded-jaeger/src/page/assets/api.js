// @ts-check
import { base } from "./address.js";

/**
 * Asks the query API and returns the `data` of its answer.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<unknown>}
 * @throws {Error} with the API's own message
 */
export const ask = async (path, options) => dataOf(await fetch(base + path, options));

/**
 * The `data` of an answer; null where the API found nothing.
 * @param {Response} response
 * @returns {Promise<unknown>}
 * @throws {Error} with the API's own message
 */
export async function dataOf(response) {
  const answer = parse(await response.text());
  if (!response.ok) throw new Error(answer?.errors?.[0]?.msg ?? `${response.status} ${response.statusText}`);
  if (answer?.data === undefined) throw new Error(withoutData(response, answer));
  return answer.data;
}

/**
 * Undefined if the text is not JSON, which is true of some of the API's errors and of most of a
 * proxy's.
 * @param {string} text
 * @returns {{ data?: unknown, errors?: { msg?: string }[] } | null | undefined}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The message for an answer without data. A proxy may answer instead of Jaeger with the status 200:
 * with a login page, or with JSON of its own.
 * @param {Response} response
 * @param {unknown} answer
 */
function withoutData({ headers }, answer) {
  const isJson = headers.get("content-type")?.startsWith("application/json");
  if (isJson && answer === undefined) return "The answer ended too early.";
  return "A proxy answered instead of Jaeger. If it asks for a login, reload the page.";
}
