// What is shown, written in the address' fragment and read from it.

const PREFIX = "#explorer&";

const fragment = (store, state) => {
  const book = store.index.books[state.book];
  const parts = {
    model: book.model,
    run: book.run,
    image: book.images[state.image].id,
    cell: state.row === null ? "" : `${state.row},${state.col}`,
    layer: book.layers[state.layer],
    lens: state.lens,
    judge: book.judges[state.judge] || "",
    show: state.show,
    any: state.any ? "1" : "",
    order: state.order,
    seed: state.order === "random" ? state.seed : "",
    shade: state.shade,
    word: state.shade === "word" ? state.word : "",
    view: state.view,
  };
  // Half of a surrogate pair cannot stand in an address.
  const whole = (value) => String(value).replace(/\p{Cs}/gu, "\ufffd");
  const readable = (value) => encodeURIComponent(whole(value)).replaceAll("%2C", ",").replaceAll("%3A", ":");
  return PREFIX + Object.entries(parts).filter(([, value]) => value !== "")
    .map(([key, value]) => `${key}=${readable(value)}`).join("&");
};

// Changes of the state that an address asks for, and what it names that this page does not hold.
const asked = (store, hash) => {
  const wanted = new URLSearchParams(hash.slice(PREFIX.length));
  const missing = [];
  const changes = {};
  const find = (key, list, read) => {
    if (!wanted.has(key)) return -1;
    const found = list.findIndex((each) => String(read(each)) === wanted.get(key));
    if (found < 0) missing.push(`${key} ${wanted.get(key).slice(0, 80)}`);
    return found;
  };
  const books = store.index.books;
  const model = find("model", books, (book) => book.model);
  const run = find("run", books, (book) => book.run);
  changes.book = Math.max(0, run >= 0 ? run : model);
  const book = books[changes.book];
  const places = {
    image: find("image", book.images, (image) => image.id),
    layer: find("layer", book.layers, (layer) => layer),
    judge: find("judge", book.judges, (judge) => judge),
  };
  for (const [key, found] of Object.entries(places)) if (found >= 0) changes[key] = found;
  const names = {
    lens: ["lenses", "all", ...book.lenses.map((lens) => lens.name)],
    show: Object.keys(SHOWS),
    shade: Object.keys(SHADES),
    view: ["one", "all"],
    order: ["run", "random"],
  };
  for (const [key, list] of Object.entries(names)) {
    const found = find(key, list, (name) => name);
    if (found >= 0) changes[key] = list[found];
  }
  if (!book.judges.length) {
    changes.show = "all";
    if (changes.shade === "verdict") changes.shade = "score";
  }
  changes.word = wanted.get("word");
  if (changes.shade === "word" && changes.word === null) delete changes.shade;
  changes.any = wanted.get("any") === "1";
  if (/^\d{1,9}$/.test(wanted.get("seed") || "")) changes.seed = Number(wanted.get("seed"));
  const cell = /^(\d{1,4}),(\d{1,4})$/.exec(wanted.get("cell") || "");
  const image = book.images[changes.image || 0];
  if (cell && Number(cell[1]) < image.rows && Number(cell[2]) < image.cols) {
    Object.assign(changes, { row: Number(cell[1]), col: Number(cell[2]), pinned: true });
  } else if (wanted.has("cell")) missing.push(`cell ${wanted.get("cell").slice(0, 80)}`);
  return { changes, missing };
};
