// @ts-check
/** @import { Opened } from "./types.d.ts" */

// Keeps the traces of the files that were opened last in the browser's own database, for a reload
// and for going back. They are on no server.

const DATABASE = "axum-jaeger";
const STORE = "opened";
const KEY = "last";

/** @param {Opened} opened */
export async function saveOpened(opened) {
  const { transaction, store } = await begin("readwrite");
  store.put(opened, KEY);
  await settled(transaction, "complete");
}

/**
 * Undefined if no file has been opened.
 * @returns {Promise<Opened | undefined>}
 */
export async function loadOpened() {
  const { store } = await begin("readonly");
  const request = store.get(KEY);
  await settled(request);
  return request.result;
}

/** @param {IDBTransactionMode} mode */
async function begin(mode) {
  const opening = indexedDB.open(DATABASE);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  await settled(opening);
  const transaction = opening.result.transaction(STORE, mode);
  return { transaction, store: transaction.objectStore(STORE) };
}

/**
 * @param {IDBRequest | IDBTransaction} work
 * @returns {Promise<void>}
 */
function settled(work, event = "success") {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`the browser cannot keep what is opened: ${work.error?.message}`));
    work.addEventListener(event, () => resolve());
    work.addEventListener("error", fail);
    work.addEventListener("abort", fail);
  });
}
