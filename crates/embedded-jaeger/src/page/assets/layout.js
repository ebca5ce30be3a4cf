// @ts-check
// Places services in columns: a caller is to the left of the services that it calls, unless calls
// form a circle.
//
// The usual steps (Sugiyama): turn round calls that close a circle; put each service after all its
// callers; give a call over several columns a place in each between; order with few crossings; set
// heights close to those of the neighbours.

const WIDTH = 170;
const HEIGHT = 46;
const BETWEEN = 120;
const GAP = 22;
// The room above a service that calls itself.
const LOOP = 30;
const SWEEPS = 12;
const LABEL = 15;
// The pull of an item's neighbours; the rest pulls it to the middle, which keeps the picture low.
const PULL = 0.8;

/** @typedef {"left" | "right"} Side */
/** @typedef {{ parent: string, child: string }} AnyCall */
/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

/**
 * A service, or the room for a call in a column that it crosses.
 * @typedef {object} Item
 * @property {number} column
 * @property {number} height
 * @property {Record<Side, Item[]>} near the neighbours
 * @property {number} y the middle
 * @property {number} place the position in its column
 */

/**
 * A call and its items from left to right.
 * @template {AnyCall} C
 * @typedef {object} Way
 * @property {C} call
 * @property {Item[]} places
 * @property {boolean} back whether the caller is on the right
 * @property {Record<Side, number>} ends the heights at which it leaves its first item on the right
 *   and reaches its last one on the left
 */

/**
 * A drawn call: a line through `points`, curved from each with an even index to the next one. A
 * `loop` has the height to which a service's call to itself rises.
 * @template {AnyCall} C
 * @typedef {object} Route
 * @property {C} call
 * @property {Point[]} points
 * @property {number} [loop]
 * @property {Point & { end?: boolean }} label
 */

/**
 * Lays services and the calls between them out.
 * @template {AnyCall} C
 * @param {string[]} names
 * @param {C[]} calls
 */
export function layout(names, calls) {
  const loops = calls.filter(({ parent, child }) => parent === child);
  const looping = new Set(loops.map(({ parent }) => parent));
  const others = calls.filter(({ parent, child }) => parent !== child);
  const columns = columnsOf(names, others);
  const items = new Map(names.map((name) => [name, itemOf(getFrom(columns, name), looping.has(name) ? HEIGHT + LOOP : HEIGHT)]));
  const ways = others.map((call) => wayOf(call, items));
  /** @type {Item[][]} */
  const grid = [];
  const all = [...items.values(), ...ways.flatMap(({ places }) => places.slice(1, -1))];
  for (const item of all) (grid[item.column] ??= []).push(item);
  order(grid);
  const height = arrange(grid);
  const boxes = new Map([...items].map(([name, item]) => [name, boxOf(item)]));
  connect(ways, "right");
  connect(ways, "left");
  const routes = [...ways.map(routeOf), ...loops.map((call) => loopOf(call, getFrom(boxes, call.parent)))];
  separateLabels(routes);
  return { width: leftOf(grid.length) - BETWEEN, height, boxes, routes };
}

/** @param {number} column */
const leftOf = (column) => column * (WIDTH + BETWEEN);

/**
 * @param {number} column
 * @param {number} height
 * @returns {Item}
 */
const itemOf = (column, height) => ({ column, height, near: { left: [], right: [] }, y: 0, place: 0 });

/**
 * The column of each service. The search is depth first from the services that are called least; a
 * call to a service that is still open closes a circle, and does not move it.
 * @param {string[]} names
 * @param {AnyCall[]} calls
 */
function columnsOf(names, calls) {
  const balance = new Map(names.map((name) => [name, 0]));
  const add = (/** @type {string} */ name, /** @type {number} */ change) => balance.set(name, getFrom(balance, name) + change);
  for (const { child, parent } of calls) {
    add(child, 1);
    add(parent, -1);
  }
  const callees = Map.groupBy(calls, ({ parent }) => parent);
  /** @type {Map<string, "open" | "done">} */
  const state = new Map();
  /** @type {Set<AnyCall>} */
  const closing = new Set();
  /** @type {string[]} */
  const done = [];
  const visit = (/** @type {string} */ name) => {
    state.set(name, "open");
    for (const call of callees.get(name) ?? []) {
      if (state.get(call.child) === "open") closing.add(call);
      if (!state.has(call.child)) visit(call.child);
    }
    state.set(name, "done");
    done.unshift(name);
  };
  for (const name of names.toSorted((a, b) => getFrom(balance, a) - getFrom(balance, b))) if (!state.has(name)) visit(name);

  const columns = new Map(names.map((name) => [name, 0]));
  // Callers come before the services that they call.
  for (const name of done) {
    const next = getFrom(columns, name) + 1;
    for (const call of callees.get(name) ?? []) {
      if (!closing.has(call)) columns.set(call.child, Math.max(getFrom(columns, call.child), next));
    }
  }
  return columns;
}

/**
 * The places of a call from left to right.
 * @template {AnyCall} C
 * @param {C} call
 * @param {Map<string, Item>} items
 * @returns {Way<C>}
 */
function wayOf(call, items) {
  const parent = getFrom(items, call.parent);
  const [first, last] = [parent, getFrom(items, call.child)].sort((a, b) => a.column - b.column);
  const places = [first];
  for (let column = first.column + 1; column < last.column; column++) places.push(itemOf(column, 2));
  places.push(last);
  for (let index = 1; index < places.length; index++) {
    places[index - 1].near.right.push(places[index]);
    places[index].near.left.push(places[index - 1]);
  }
  return { call, places, back: parent === last, ends: { left: 0, right: 0 } };
}

/**
 * Orders the items of each column by the mean place of their neighbours in the column before, to
 * and fro.
 * @param {Item[][]} grid
 */
function order(grid) {
  const number = (/** @type {Item[]} */ column) => column.forEach((item, index) => { item.place = index; });
  grid.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const side = sweep % 2 === 0 ? "left" : "right";
    for (const column of side === "left" ? grid : grid.toReversed()) {
      const wishes = new Map(column.map((item) => [item, mean(item.near[side].map(({ place }) => place)) ?? item.place]));
      column.sort((a, b) => getFrom(wishes, a) - getFrom(wishes, b));
      number(column);
    }
  }
}

/** @param {number[]} numbers */
const mean = (numbers) => (numbers.length > 0 ? numbers.reduce((a, b) => a + b) / numbers.length : null);

/**
 * Sets the height of each item in the picture. Returns the picture's.
 * @param {Item[][]} grid
 */
function arrange(grid) {
  const place = (/** @type {Item[]} */ column, /** @type {number[]} */ wishes) => {
    const spaces = column.map(({ height }, index) => (height + (column[index - 1]?.height ?? 0)) / 2 + GAP);
    spread(wishes, spaces).forEach((y, index) => { column[index].y = y; });
  };
  for (const column of grid) place(column, column.map(() => 0));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of sweep % 2 === 0 ? grid : grid.toReversed()) {
      place(column, column.map(({ near, y }) => PULL * (mean([...near.left, ...near.right].map((item) => item.y)) ?? y)));
    }
  }
  const items = grid.flat();
  const top = Math.min(...items.map(({ y, height }) => y - height / 2)) - GAP;
  for (const item of items) item.y -= top;
  return Math.max(...items.map(({ y, height }) => y + height / 2)) + GAP;
}

/**
 * Moves the wishes apart by at least `spaces`, keeping their order: to the middle between pushing
 * all of them down and pushing all of them up.
 * @param {number[]} wishes
 * @param {number[]} spaces
 */
export function spread(wishes, spaces) {
  const down = [...wishes];
  for (let index = 1; index < down.length; index++) down[index] = Math.max(down[index], down[index - 1] + spaces[index]);
  const up = [...wishes];
  for (let index = up.length - 2; index >= 0; index--) up[index] = Math.min(up[index], up[index + 1] - spaces[index + 1]);
  return down.map((y, index) => (y + up[index]) / 2);
}

/**
 * @param {Item} item
 * @returns {Box}
 */
const boxOf = ({ column, height, y }) => ({ x: leftOf(column), y: y + height / 2 - HEIGHT, width: WIDTH, height: HEIGHT });

/**
 * Sets where calls leave a service to the right, or reach one from the left: one below the other,
 * in the order of where they go on.
 * @param {Way<AnyCall>[]} ways
 * @param {Side} side
 */
function connect(ways, side) {
  const [end, next] = side === "right" ? [0, 1] : [-1, -2];
  const at = (/** @type {Way<AnyCall>} */ { places }, /** @type {number} */ index) => /** @type {Item} */ (places.at(index));
  for (const [item, group] of Map.groupBy(ways, (way) => at(way, end))) {
    group.sort((a, b) => at(a, next).y - at(b, next).y);
    const { y } = boxOf(item);
    group.forEach((way, index) => { way.ends[side] = y + (HEIGHT * (index + 1)) / (group.length + 1); });
  }
}

/**
 * @template {AnyCall} C
 * @param {Way<C>} way
 * @returns {Route<C>}
 */
function routeOf({ call, places, back, ends }) {
  const points = places.flatMap(({ column, y }) => [{ x: leftOf(column), y }, { x: leftOf(column) + WIDTH, y }]).slice(1, -1);
  points[0].y = ends.right;
  points[points.length - 1].y = ends.left;
  if (back) points.reverse();
  const [from, to] = points;
  return { call, points, label: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 } };
}

/**
 * A service's call to itself.
 * @template {AnyCall} C
 * @param {C} call
 * @param {Box} box
 * @returns {Route<C>}
 */
function loopOf(call, { x, y, width }) {
  const points = [{ x: x + width - 60, y }, { x: x + width - 14, y }];
  return { call, points, loop: y - LOOP, label: { x: x + width - 70, y: y - LOOP / 2, end: true } };
}

/**
 * Moves the labels of a column apart.
 * @param {Route<AnyCall>[]} routes
 */
function separateLabels(routes) {
  for (const group of Map.groupBy(routes, ({ label }) => label.x).values()) {
    group.sort((a, b) => a.label.y - b.label.y);
    spread(group.map(({ label }) => label.y), group.map(() => LABEL)).forEach((y, index) => { group[index].label.y = y; });
  }
}

/**
 * The value of a key that is in the map.
 * @template K, V
 * @param {Map<K, V>} map
 * @param {K} key
 */
const getFrom = (map, key) => /** @type {V} */ (map.get(key));
