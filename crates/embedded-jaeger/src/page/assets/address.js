// The path under which everything is, without a slash at its end: `--base-path`, or where a proxy puts it. The scripts are in `page/`
// below it.
const { pathname } = new URL("..", import.meta.url);
export const base = pathname.slice(0, -1);

// Where a trace of a file that was opened is shown; without an id, all of them.
export const fileAddress = (traceID) => `${base}/file${traceID ? `/${encodeURIComponent(traceID)}` : ""}`;

// Where a stored trace is shown, and in it a span.
export function traceAddress(traceID, spanID) {
  const query = spanID ? `?span=${encodeURIComponent(spanID)}` : "";
  return `${base}/trace/${encodeURIComponent(traceID)}${query}`;
}
