// The traces of the files that were opened last: { name, traces }. The browser keeps them in its own database, for a reload and for the way
// back; they are on no server.
const DATABASE = "axum-jaeger";
const STORE = "opened";
const KEY = "last";

export async function keep(opened) {
  const { transaction, store } = await begin("readwrite");
  store.put(opened, KEY);
  await ended(transaction, "complete");
}

// Undefined where no file was opened.
export async function kept() {
  const { store } = await begin("readonly");
  return ended(store.get(KEY));
}

async function begin(mode) {
  const opening = indexedDB.open(DATABASE);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const transaction = (await ended(opening)).transaction(STORE, mode);
  return { transaction, store: transaction.objectStore(STORE) };
}

function ended(work, event = "success") {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`the browser cannot keep what is opened: ${work.error?.message}`));
    work.addEventListener(event, () => resolve(work.result));
    work.addEventListener("error", fail);
    work.addEventListener("abort", fail);
  });
}
