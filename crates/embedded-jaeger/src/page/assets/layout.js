// Places services in columns: who calls stands left of whom it calls, as far as nobody calls in a circle.
//
// In the usual steps (Sugiyama): calls that close a circle are turned round; each service comes after all its callers; a call
// over several columns gets a place in each between; an order with few crossings; heights near to those of the neighbours.

const WIDTH = 170;
const HEIGHT = 46;
const BETWEEN = 120;
const GAP = 22;
// Above a service that calls itself.
const LOOP = 30;
const SWEEPS = 12;
const LABEL = 15;
// How near to its neighbours; the rest is towards the middle, so that the picture stays low.
const PULL = 0.8;

// `calls`: { parent, child, … }. Returns the picture's width and height, `boxes` (a map of the names) and `routes`, each with its
// call, the points that it goes through, and where its label is. A route is curved from an even point to the next odd one.
export function layout(names, calls) {
  const loops = new Set(calls.filter(({ parent, child }) => parent === child).map(({ parent }) => parent));
  const others = calls.filter(({ parent, child }) => parent !== child);
  const columns = inColumns(names, others);
  const items = new Map(names.map((name) => [name, item(columns.get(name), loops.has(name) ? HEIGHT + LOOP : HEIGHT)]));
  const ways = others.map((call) => way(call, items));
  const grid = [];
  const all = [...items.values(), ...ways.flatMap(({ places }) => places.slice(1, -1))];
  for (const item of all) (grid[item.column] ??= []).push(item);
  order(grid);
  const height = arrange(grid);
  const boxes = new Map(names.map((name) => [name, box(items.get(name))]));
  for (const [side, end] of [["right", 0], ["left", -1]]) connect(ways, side, end);
  const routes = [...ways.map(route), ...calls.filter(({ parent, child }) => parent === child).map((call) => loop(call, boxes))];
  apart(routes);
  return { width: left(grid.length) - BETWEEN, height, boxes, routes };
}

const left = (column) => column * (WIDTH + BETWEEN);
const item = (column, height) => ({ column, height, near: { left: [], right: [] }, y: 0 });

// Depth first from those that are called least: a call to what is still open closes a circle. Counted as if turned round, it moves
// nobody.
function inColumns(names, calls) {
  const called = new Map(names.map((name) => [name, 0]));
  for (const { child, parent } of calls) {
    called.set(child, called.get(child) + 1);
    called.set(parent, called.get(parent) - 1);
  }
  const callees = Map.groupBy(calls, ({ parent }) => parent);
  const state = new Map();
  const done = [];
  const visit = (name) => {
    state.set(name, "open");
    for (const call of callees.get(name) ?? []) {
      call.back = state.get(call.child) === "open";
      if (!state.has(call.child)) visit(call.child);
    }
    state.set(name, "done");
    done.unshift(name);
  };
  for (const name of names.toSorted((a, b) => called.get(a) - called.get(b))) if (!state.has(name)) visit(name);

  const columns = new Map(names.map((name) => [name, 0]));
  const later = (name, column) => columns.set(name, Math.max(columns.get(name), column));
  // Callers come before whom they call.
  for (const name of done) {
    for (const { child, back } of callees.get(name) ?? []) if (!back) later(child, columns.get(name) + 1);
  }
  return columns;
}

// The places of a call from left to right.
function way(call, items) {
  const ends = [items.get(call.parent), items.get(call.child)].sort((a, b) => a.column - b.column);
  const places = [ends[0]];
  for (let column = ends[0].column + 1; column < ends[1].column; column++) places.push(item(column, 2));
  places.push(ends[1]);
  for (let index = 1; index < places.length; index++) {
    places[index - 1].near.right.push(places[index]);
    places[index].near.left.push(places[index - 1]);
  }
  return { call, places, back: items.get(call.parent) === ends[1] };
}

// To and fro, each column by the mean place of its neighbours in the one before.
function order(grid) {
  const number = () => grid.forEach((column) => column.forEach((item, index) => { item.place = index; }));
  number();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const side = sweep % 2 === 0 ? "left" : "right";
    for (const column of side === "left" ? grid : grid.toReversed()) {
      const wish = new Map(column.map((item) => [item, mean(item.near[side].map(({ place }) => place)) ?? item.place]));
      column.sort((a, b) => wish.get(a) - wish.get(b));
      column.forEach((item, index) => { item.place = index; });
    }
  }
}

const mean = (numbers) => (numbers.length > 0 ? numbers.reduce((a, b) => a + b) / numbers.length : null);

// Gives each item its height in the picture; returns that of the picture.
function arrange(grid) {
  const space = (column) => column.map(({ height }, index) => (height + (column[index - 1]?.height ?? 0)) / 2 + GAP);
  const place = (column, wishes) => spread(wishes, space(column)).forEach((y, index) => { column[index].y = y; });
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

// The wishes, in their order and `spaces` apart: half way between pushing all down and pushing all up, which both have the spaces.
function spread(wishes, spaces) {
  const down = [...wishes];
  for (let index = 1; index < down.length; index++) down[index] = Math.max(down[index], down[index - 1] + spaces[index]);
  const up = [...wishes];
  for (let index = up.length - 2; index >= 0; index--) up[index] = Math.min(up[index], up[index + 1] - spaces[index + 1]);
  return down.map((y, index) => (y + up[index]) / 2);
}

function box({ column, height, y }) {
  return { x: left(column), y: y + height / 2 - HEIGHT, width: WIDTH, height: HEIGHT };
}

// Calls leave a side of a service one below the other, in the order in which they go on.
function connect(ways, side, end) {
  const next = end === 0 ? 1 : -2;
  for (const [item, group] of Map.groupBy(ways, ({ places }) => places.at(end))) {
    group.sort((a, b) => a.places.at(next).y - b.places.at(next).y);
    const { y } = box(item);
    group.forEach((way, index) => { way[side] = y + (HEIGHT * (index + 1)) / (group.length + 1); });
  }
}

function route({ call, places, back, left: last, right: first }) {
  const points = places.flatMap(({ column, y }) => [{ x: left(column), y }, { x: left(column) + WIDTH, y }]).slice(1, -1);
  points[0].y = first;
  points.at(-1).y = last;
  if (back) points.reverse();
  const [from, to] = points;
  return { call, points, label: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 } };
}

function loop(call, boxes) {
  const { x, y, width } = boxes.get(call.parent);
  const points = [{ x: x + width - 60, y }, { x: x + width - 14, y }];
  return { call, points, loop: y - LOOP, label: { x: x + width - 70, y: y - LOOP / 2, end: true } };
}

// Labels of one column do not lie on each other.
function apart(routes) {
  for (const group of Map.groupBy(routes, ({ label }) => label.x).values()) {
    group.sort((a, b) => a.label.y - b.label.y);
    spread(group.map(({ label }) => label.y), group.map(() => LABEL)).forEach((y, index) => { group[index].label.y = y; });
  }
}
