// @ts-check
import { fileAddress } from "./address.js";
import { byId } from "./dom.js";
import { saveOpened } from "./opened_store.js";
import { namesOf, readTraces } from "./trace_file.js";

// Opens saved traces: files that are chosen with the button in the header, or dropped on the page.

const input = byId("files", HTMLInputElement);
const dropping = document.body.classList;

/** @param {string} text */
function showStatus(text, className = "") {
  byId("opening").textContent = text;
  byId("opening").className = className;
}

/** @param {File[]} files */
async function open(files) {
  if (files.length === 0) return;
  showStatus(`Opening ${namesOf(files)}`);
  try {
    const traces = await readTraces(files);
    await saveOpened({ name: namesOf(files), traces });
    showStatus("");
    location.assign(fileAddress(traces.length === 1 ? traces[0].traceID : ""));
  } catch (error) {
    showStatus(/** @type {Error} */ (error).message, "error");
  }
}

byId("open").addEventListener("click", () => input.click());
input.addEventListener("change", () => {
  open([...input.files ?? []]);
  // Lets the same file be chosen again.
  input.value = "";
});

/**
 * The dragged data if it contains files.
 * @param {DragEvent} event
 */
const draggedFiles = ({ dataTransfer }) => (dataTransfer?.types.includes("Files") ? dataTransfer : null);

addEventListener("dragover", (event) => {
  const dragged = draggedFiles(event);
  if (!dragged) return;
  event.preventDefault();
  dragged.dropEffect = "copy";
  dropping.add("dropping");
});
addEventListener("dragleave", ({ relatedTarget }) => {
  // With a related target, the pointer only moves from one element to the next.
  if (!relatedTarget) dropping.remove("dropping");
});
addEventListener("drop", (event) => {
  dropping.remove("dropping");
  const dropped = draggedFiles(event);
  if (!dropped) return;
  event.preventDefault();
  open([...dropped.files]);
});
