import { fileAddress } from "./address.js";
import { byId, make, swatch } from "./dom.js";
import { kept } from "./kept.js";
import { clamped } from "./long.js";
import { lack, nameOf, read } from "./model.js";
import { Table } from "./table.js";
import { count, duration, number, time } from "./text.js";

const state = new URLSearchParams(location.search);

const column = (key, title, cell) => ({ key, title, number: true, value: (row) => row[key], cell: (row) => cell(row[key]) });

const nameCell = ({ id, service, name, lacks }) => make("span", {}, swatch(service), " ",
  make("a", { href: fileAddress(id) }, clamped(name)), lacks ? make("span", { className: "warning", title: lacks }, " incomplete") : "");

const table = new Table(byId("traces"), [
  { key: "name", title: "Trace", head: true, value: ({ name }) => name, cell: nameCell },
  column("start", "Start", time),
  column("duration", "Duration", duration),
  column("spans", "Spans", number),
  column("errors", "Errors", (errors) => (errors > 0 ? make("span", { className: "error" }, number(errors)) : "0")),
], state.get("sort") ?? "-start", (sort) => history.replaceState(null, "", `?${new URLSearchParams({ sort })}`));

function row(saved) {
  const trace = read(saved);
  const { root, start, duration, nodes, errors, missing } = trace;
  const lacks = missing.length > 0 && lack(trace);
  return { id: saved.traceID, service: root.service, name: nameOf(trace), lacks, start, duration, spans: nodes.length, errors: errors.length };
}

async function show() {
  const opened = await kept();
  if (!opened) return "No file has been opened in this browser.";
  table.show(opened.traces.map(row));
  byId("traces").hidden = false;
  return `${count(opened.traces.length, "trace")} from ${opened.name}. This browser alone has them, until another file is opened.`;
}

byId("found").textContent = await show().catch((error) => error.message);
