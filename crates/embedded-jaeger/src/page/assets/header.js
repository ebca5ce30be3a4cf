// @ts-check
// The features beside the traces, from the attributes that the server sets on each page's header.
const { logs, requests: labels } = /** @type {HTMLElement} */ (document.querySelector("header")).dataset;

export const hasLogs = logs !== undefined;

/** @type {string[]} */
export const requests = JSON.parse(labels ?? "[]");
