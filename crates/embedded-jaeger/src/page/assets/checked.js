// More microseconds are none that a number holds exactly; as a time they are in the year 2255.
const MOST = Number.MAX_SAFE_INTEGER;

// A trace of an unknown writer with every part as the page expects it. What is missing is empty, but for ids and times.
export function checked({ traceID: given, spans, processes: all }) {
  const traceID = id("traceID", given ?? spans[0]?.traceID);
  const processes = Object.fromEntries(Object.entries(all ?? {}).map(([key, process]) => [key, processOf(process)]));
  const inTrace = (span, index) => {
    try {
      return { ...spanOf(span), traceID, processID: Object.hasOwn(processes, span.processID) ? span.processID : "" };
    } catch (error) {
      throw new Error(`span ${index + 1} of trace ${traceID}: ${error.message}`);
    }
  };
  return { traceID, processes, spans: spans.map(inTrace) };
}

function spanOf(span) {
  return {
    spanID: id("spanID", span?.spanID),
    operationName: text(span.operationName),
    startTime: microseconds("startTime", span.startTime),
    duration: microseconds("duration", span.duration),
    references: objects(span.references).map(({ refType, traceID, spanID }) => ({
      refType: text(refType), traceID: id("traceID of a reference", traceID), spanID: id("spanID of a reference", spanID),
    })),
    tags: tags(span.tags),
    logs: objects(span.logs).map(({ timestamp, fields }) => ({ timestamp: microseconds("timestamp", timestamp), fields: tags(fields) })),
    warnings: list(span.warnings).map(text),
  };
}

const processOf = (process) => ({ serviceName: text(process?.serviceName), tags: tags(process?.tags) });

const tags = (tags) => objects(tags).map(({ key, value }) => ({ key: text(key), value: text(value) }));

const list = (value) => (Array.isArray(value) ? value : []);

const objects = (value) => list(value).filter((it) => typeof it === "object" && it !== null);

const text = (value) => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

function id(name, value) {
  if (typeof value === "string" && /^[0-9a-f]{1,32}$/i.test(value)) return value.toLowerCase();
  throw new Error(`${name} is ${shown(value)}; expected are 1 to 32 hexadecimal digits.`);
}

function microseconds(name, value) {
  if (typeof value === "number" && Math.abs(value) <= MOST) return value;
  throw new Error(`${name} is ${shown(value)}; expected is a number of microseconds.`);
}

const shown = (value) => (value === undefined ? "missing" : JSON.stringify(value).slice(0, 40));
