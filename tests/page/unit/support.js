// Traces for the tests. Times are microseconds after `BEGIN`.
import { read } from "../../../crates/embedded-jaeger/src/page/assets/model.js";

export const BEGIN = 1_000_000;

/**
 * A span of the API with the given parts.
 */
export const span = (spanID, parts = {}) => ({
  traceID: "1", spanID, operationName: spanID, startTime: BEGIN, duration: 1, references: [], tags: [], logs: [], processID: "p", ...parts,
});

/** References to spans of the same trace. */
export const childOf = (...ids) => ids.map((spanID) => ({ refType: "CHILD_OF", traceID: "1", spanID }));

/** A trace of spans, all of the service `shop`. */
export const traceOf = (...spans) => read({ spans, processes: { p: { serviceName: "shop", tags: [] } } });

/** The names of nodes. */
export const names = (nodes) => nodes.map(({ span }) => span.spanID);
