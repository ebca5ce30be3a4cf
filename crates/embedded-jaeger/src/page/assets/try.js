import { traceAddress } from "./address.js";
import { ask } from "./api.js";
import { byId, make } from "./dom.js";
import { requests } from "./header.js";

// Has a request sent, and goes to its trace.
async function send(name) {
  // With what a form of another site cannot send.
  const headers = { "x-requested-with": "axum-jaeger" };
  const { status, traceID } = await ask(`/page/try?${new URLSearchParams({ name })}`, { method: "POST", headers });
  if (!traceID) return `${name} answered ${status}, but made no trace.`;
  location.assign(traceAddress(traceID));
  return "";
}

let busy = false;

async function pressed(name) {
  if (busy) return;
  busy = true;
  byId("sent").textContent = `Waiting for the answer of ${name}`;
  byId("sent").textContent = await send(name).catch((error) => error.message);
  busy = false;
}

const button = (name) => make("button", { type: "button", onclick: () => pressed(name) }, name);

if (requests.length > 0) {
  byId("requests").append(...requests.map(button));
  byId("try").hidden = false;
}
