// @ts-check
import { make, refill } from "./dom.js";

/**
 * A column of rows of the type `R`.
 * @template R
 * @typedef {object} Column
 * @property {string} key identifies it in the address
 * @property {string} title
 * @property {(row: R) => string | number} value what the rows are sorted by
 * @property {(row: R) => string | Node} cell what a row shows
 * @property {boolean} [number] whether the values are numbers, and sorted largest first
 * @property {boolean} [head] whether the cells are the heads of their rows
 */

/**
 * The rows of a table, sorted by the column whose head was clicked last: numbers largest first,
 * names from A to Z, and the other way round at the second click.
 * @template R
 */
export class Table {
  #head;
  #body = make("tbody");
  #columns;
  /** @type {R[]} */
  #rows = [];
  #sort;

  /**
   * @param {HTMLTableElement} table
   * @param {Column<R>[]} columns of which at least one has numbers
   * @param {string | null} sort a key, after `-` if the largest comes first
   * @param {(sort: string) => void} sorted is called after a click has changed `sort`
   */
  constructor(table, columns, sort, sorted) {
    this.#columns = columns;
    this.#sort = sort !== null && columns.some(({ key }) => key === keyOf(sort)) ? sort : `-${columns.find(({ number }) => number)?.key}`;
    this.#head = columns.map((column) => this.#headOf(column, sorted));
    table.append(make("thead", {}, make("tr", {}, ...this.#head)), this.#body);
    this.#mark();
  }

  /** @param {R[]} rows */
  show(rows) {
    this.#rows = rows;
    const sorted = sortRows(rows, this.#columns, this.#sort);
    refill(this.#body, ...sorted.map((row) => make("tr", {}, ...this.#columns.map((column) => this.#cell(column, row)))));
  }

  /**
   * @param {Column<R>} column
   * @param {(sort: string) => void} sorted
   */
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
      if (keyOf(this.#sort) !== key) this.#head[index].removeAttribute("aria-sort");
      else this.#head[index].setAttribute("aria-sort", this.#sort.startsWith("-") ? "descending" : "ascending");
    }
  }

  /**
   * @param {Column<R>} column
   * @param {R} row
   */
  #cell({ cell, number, head }, row) {
    return make(head ? "th" : "td", { className: number ? "number" : "", ...(head ? { scope: "row" } : {}) }, cell(row));
  }
}

/** @param {string} sort */
const keyOf = (sort) => sort.replace("-", "");

/**
 * @template R
 * @param {R[]} rows
 * @param {Pick<Column<R>, "key" | "value">[]} columns
 * @param {string} sort
 */
export function sortRows(rows, columns, sort) {
  const { value } = columns.find(({ key }) => key === keyOf(sort)) ?? columns[0];
  const sign = sort.startsWith("-") ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(value(a), value(b)));
}

/**
 * @param {string | number} a
 * @param {string | number} b
 */
const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en"));
