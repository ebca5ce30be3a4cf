import { make, refill } from "./dom.js";

// The rows of a table, sorted by the column whose head was clicked last. A column is { key, title, value, cell, number }: `value(row)`
// is what is sorted by, `cell(row)` what is shown. Numbers are sorted from the largest first, and names from the first letter.
export class Table {
  #head;
  #body = make("tbody");
  #columns;
  #rows = [];
  #sort;

  // `sort` is a key, with `-` before it where the largest comes first; `sorted(sort)` is called when it has changed.
  constructor(table, columns, sort, sorted) {
    this.#columns = columns;
    this.#sort = columns.some(({ key }) => key === sort?.replace("-", "")) ? sort : null;
    this.#sort ??= `-${columns.find(({ number }) => number).key}`;
    this.#head = columns.map((column) => this.#headOf(column, sorted));
    table.append(make("thead", {}, make("tr", {}, ...this.#head)), this.#body);
    this.#mark();
  }

  show(rows) {
    this.#rows = rows;
    const down = this.#sort.startsWith("-");
    const { value } = this.#columns.find(({ key }) => key === this.#sort.replace("-", ""));
    const sorted = rows.toSorted((a, b) => (down ? -1 : 1) * compare(value(a), value(b)));
    refill(this.#body, ...sorted.map((row) => make("tr", {}, ...this.#columns.map((column) => this.#cell(column, row)))));
  }

  #headOf({ key, title, number }, sorted) {
    const button = make("button", { type: "button" }, title);
    button.addEventListener("click", () => {
      const first = number ? `-${key}` : key;
      const second = number ? key : `-${key}`;
      this.#sort = this.#sort === first ? second : first;
      this.#mark();
      this.show(this.#rows);
      sorted(this.#sort);
    });
    return make("th", { scope: "col", className: number ? "number" : "" }, button);
  }

  #mark() {
    for (const [index, { key }] of this.#columns.entries()) {
      if (this.#sort.replace("-", "") !== key) this.#head[index].removeAttribute("aria-sort");
      else this.#head[index].setAttribute("aria-sort", this.#sort.startsWith("-") ? "descending" : "ascending");
    }
  }

  #cell({ cell, number, head }, row) {
    return make(head ? "th" : "td", { className: number ? "number" : "", ...(head ? { scope: "row" } : {}) }, cell(row));
  }
}

const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en") : a - b);
