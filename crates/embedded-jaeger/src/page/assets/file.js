// @ts-check
/** @import { ApiTrace } from "./types.d.ts" */
/** @import { Column } from "./table.js" */
import { fileAddress } from "./address.js";
import { byId, make, swatch } from "./dom.js";
import { clamped } from "./long_text.js";
import { lackOf, nameOf, read } from "./model.js";
import { loadOpened } from "./opened_store.js";
import { Table } from "./table.js";
import { count, duration, number, time } from "./text.js";

/** @typedef {ReturnType<typeof rowOf>} Row */

const tableElement = byId("traces", HTMLTableElement);
const state = new URLSearchParams(location.search);

/**
 * @param {"start" | "duration" | "spans" | "errors"} key
 * @param {string} title
 * @param {(value: number) => string | Node} cell
 * @returns {Column<Row>}
 */
const column = (key, title, cell) => ({ key, title, number: true, value: (row) => row[key], cell: (row) => cell(row[key]) });

/** @param {Row} row */
const nameCell = ({ id, service, name, lack }) => make("span", {}, swatch(service), " ",
  make("a", { href: fileAddress(id) }, clamped(name)), lack ? make("span", { className: "warning", title: lack }, " incomplete") : "");

/** @type {Table<Row>} */
const table = new Table(tableElement, [
  { key: "name", title: "Trace", head: true, value: ({ name }) => name, cell: nameCell },
  column("start", "Start", time),
  column("duration", "Duration", duration),
  column("spans", "Spans", number),
  column("errors", "Errors", (errors) => (errors > 0 ? make("span", { className: "error" }, number(errors)) : "0")),
], state.get("sort") ?? "-start", (sort) => history.replaceState(null, "", `?${new URLSearchParams({ sort })}`));

/** @param {ApiTrace} saved */
function rowOf(saved) {
  const trace = read(saved);
  const { root, start, duration, nodes, errors, missing } = trace;
  const lack = missing.length > 0 ? lackOf(trace) : "";
  return { id: saved.traceID, service: root.service, name: nameOf(trace), lack, start, duration, spans: nodes.length, errors: errors.length };
}

async function show() {
  const opened = await loadOpened();
  if (!opened) return "No file has been opened in this browser.";
  table.show(opened.traces.map(rowOf));
  tableElement.hidden = false;
  return `${count(opened.traces.length, "trace")} from ${opened.name}. This browser alone has them, until another file is opened.`;
}

byId("found").textContent = await show().catch((error) => error.message);
