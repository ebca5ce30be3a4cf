// Shapes of the data that the scripts share. The type checker reads this file; browsers never do.

/** A tag of a span or of a process, or a field of an event. Tags of a file are text. */
export interface Tag {
  key: string;
  value: string | number | boolean;
}

export interface Reference {
  refType: string;
  traceID: string;
  spanID: string;
}

/** An event of a span; Jaeger calls it a log. */
export interface SpanEvent {
  /** Microseconds since 1970; 0 if unknown. */
  timestamp: number;
  fields: Tag[];
}

export interface Span {
  traceID: string;
  spanID: string;
  operationName: string;
  /** Microseconds since 1970; 0 if unknown. */
  startTime: number;
  /** Microseconds. */
  duration: number;
  references: Reference[];
  tags: Tag[];
  logs: SpanEvent[];
  /** A key of the trace's `processes`. */
  processID: string;
  warnings?: string[] | null;
}

export interface Process {
  serviceName: string;
  tags: Tag[];
}

/** A trace as the query API sends it. */
export interface ApiTrace {
  traceID: string;
  spans: Span[];
  processes: Record<string, Process>;
}

/** A span in its trace. */
export interface SpanNode {
  span: Span;
  process: Process;
  /** The name of the span's service. */
  service: string;
  failed: boolean;
  parent: SpanNode | null;
  children: SpanNode[];
  /** The number of spans above this one. */
  depth: number;
  /** The position in `Trace.nodes`. */
  index: number;
  /** The position among the parent's children. */
  place: number;
  /** The id of the parent, which is not in the trace. */
  orphanOf?: string;
  /** Set if the span was sent without a start; `span.startTime` is an estimate. */
  noStart?: boolean;
  /** Caches the text that the filter searches. */
  words?: string;
}

/** A trace as a forest of nodes. */
export interface Trace {
  /** All nodes, depth first. */
  nodes: SpanNode[];
  /** The node that gives the trace its name. */
  root: SpanNode;
  /** Microseconds since 1970. */
  start: number;
  /** Microseconds. */
  duration: number;
  errors: SpanNode[];
  /** The ids of parents that are not in the trace. */
  missing: string[];
}

/** A period, in microseconds; `start` is since 1970. */
export interface Range {
  start: number;
  duration: number;
}

/** From and to, in microseconds since 1970. */
export type Section = [from: number, to: number];

/** The sections of each span that are on the critical path, the last one first. */
export type CriticalPath = Map<SpanNode, Section[]>;

/** The traces of the files that were opened last. */
export interface Opened {
  /** The names of the files. */
  name: string;
  traces: ApiTrace[];
}

/** A log line, from `/page/logs`. */
export interface LogLine {
  /** Identifies the line. */
  number: number;
  /** Microseconds since 1970. */
  time: number;
  service: string;
  level: string | null;
  traceID: string | null;
  spanID: string | null;
  target: string | null;
  message: string;
}

/** The answer of `/page/logs`. */
export interface LogLines {
  lines: LogLine[];
  /** Whether there are older lines. */
  more: boolean;
  /** The services of all lines, not only of those found. */
  services: string[];
}

export interface ServiceStats {
  name: string;
  requests: number;
  errors: number;
}

export interface Call {
  parent: string;
  child: string;
  calls: number;
  errors: number;
}

/** The requests for an operation; durations are microseconds. */
export interface OperationStats {
  service: string;
  operation: string;
  requests: number;
  errors: number;
  p50: number;
  p95: number;
  p99: number;
}

/** The answer of `/page/stats`. */
export interface Stats {
  services: ServiceStats[];
  calls: Call[];
  operations: OperationStats[];
  /** The number of calls and operations beyond the server's limit. */
  leftOut: number;
}

/** What a search asks the API for, under the names that a link uses. Empty values are left out. */
export interface SearchQuery {
  service?: string;
  operation?: string;
  minDuration?: string;
  maxDuration?: string;
  /** A JSON object. */
  tags?: string;
  limit?: string;
  lookback?: string;
  start?: string;
  end?: string;
}

/**
 * The events of `/page/live`, by name:
 * - `ready`: the first; its data is the number of spans that a followed trace has.
 * - `message`: spans have arrived.
 * - `traces`: the traces with these ids, separated by blanks, have changed.
 * - `lines`: log lines have arrived.
 * - `keep-alive`: the connection works.
 */
export type LiveEvent = "ready" | "message" | "traces" | "lines" | "keep-alive";
