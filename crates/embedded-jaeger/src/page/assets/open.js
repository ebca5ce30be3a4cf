import { fileAddress } from "./address.js";
import { byId } from "./dom.js";
import { keep } from "./kept.js";
import { names, tracesOf } from "./saved.js";

// Opens saved traces: files that are chosen with the button in the header, or dropped anywhere on the page.

const input = byId("files");
const dropping = document.body.classList;

function say(text, className = "") {
  byId("opening").textContent = text;
  byId("opening").className = className;
}

async function open(files) {
  if (files.length === 0) return;
  say(`Opening ${names(files)}`);
  try {
    const traces = await tracesOf(files);
    await keep({ name: names(files), traces });
    say("");
    location.assign(fileAddress(traces.length === 1 ? traces[0].traceID : ""));
  } catch (error) {
    say(error.message, "error");
  }
}

byId("open").addEventListener("click", () => input.click());
input.addEventListener("change", () => {
  open([...input.files]);
  // It may be chosen again.
  input.value = "";
});

const hasFiles = ({ dataTransfer }) => dataTransfer.types.includes("Files");

addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  dropping.add("dropping");
});
addEventListener("dragleave", ({ relatedTarget }) => {
  // Not only from one element to the next.
  if (!relatedTarget) dropping.remove("dropping");
});
addEventListener("drop", (event) => {
  dropping.remove("dropping");
  if (!hasFiles(event)) return;
  event.preventDefault();
  open([...event.dataTransfer.files]);
});
