// @ts-check
import { traceAddress } from "./address.js";
import { ask } from "./api.js";
import { byId, make } from "./dom.js";
import { requests } from "./header.js";

/**
 * Lets the server send a request, and goes to its trace.
 * @param {string} name
 */
async function send(name) {
  // A form of another site cannot set this header.
  const headers = { "x-requested-with": "axum-jaeger" };
  const answer = await ask(`/page/try?${new URLSearchParams({ name })}`, { method: "POST", headers });
  const { status, traceID } = /** @type {{ status: number, traceID: string | null }} */ (answer);
  if (!traceID) return `${name} answered ${status}, but made no trace.`;
  location.assign(traceAddress(traceID));
  return "";
}

let busy = false;

/** @param {string} name */
async function pressed(name) {
  if (busy) return;
  busy = true;
  byId("sent").textContent = `Waiting for the answer of ${name}`;
  byId("sent").textContent = await send(name).catch((error) => error.message);
  busy = false;
}

/** @param {string} name */
const button = (name) => make("button", { type: "button", onclick: () => pressed(name) }, name);

if (requests.length > 0) {
  byId("requests").append(...requests.map(button));
  byId("try").hidden = false;
}
