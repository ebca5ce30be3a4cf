// @ts-check
// The path of the server's root without a trailing slash: `--base-path`, or the prefix that a proxy
// adds. The scripts are in `page/` below it.
const { pathname } = new URL("..", import.meta.url);
export const base = pathname.slice(0, -1);

/**
 * The address of a trace of an opened file; without an id, of the list of them.
 * @param {string} [traceID]
 */
export const fileAddress = (traceID) => `${base}/file${traceID ? `/${encodeURIComponent(traceID)}` : ""}`;

/**
 * The address of a stored trace, optionally with a span selected.
 * @param {string} traceID
 * @param {string | null} [spanID]
 */
export function traceAddress(traceID, spanID) {
  const query = spanID ? `?span=${encodeURIComponent(spanID)}` : "";
  return `${base}/trace/${encodeURIComponent(traceID)}${query}`;
}
