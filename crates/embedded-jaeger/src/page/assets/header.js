// What there is beside the traces, as the server says in the header of each page.
const { logs, requests: labels } = document.querySelector("header").dataset;

export const hasLogs = logs !== undefined;
export const requests = JSON.parse(labels);
