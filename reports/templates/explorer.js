// The explorer: one state, drawn as controls, picture and words; every change goes through change().

const ADDRESS_REST_MS = 400;

const initial = (book) => ({
  book: 0, image: 0, row: null, col: null, pinned: false, layer: 0, lens: "lenses", judge: 0,
  show: "all", any: false, order: "run", seed: 42, shade: book.judges.length ? "verdict" : "score", word: null, view: "one",
});

const startExplorer = (store) => {
  const { index } = store;
  const app = field("x-app");
  const state = initial(index.books[0]);
  let turns = 0;
  let list = { key: "", entries: [] };
  let shaded = "";
  let seek = false;
  let writing = 0;
  let steps = 0;
  let drawing = false;

  const bookOf = () => index.books[state.book];
  const imageOf = () => bookOf().images[state.image];
  const note = (text) => { field("x-note").textContent = text; };
  const showBusy = () => app.setAttribute("aria-busy", String(drawing || steps > 0));
  const tell = (error) => note(`This part of the page cannot be read: ${error.message}`);

  const controls = makeControls(index);
  const panel = makePanel({
    panel: field("x-panel"),
    index,
    onLayer: (layer) => change({ layer, view: "one" }),
    onWord: (word) => change(word === null ? { word, shade: initial(bookOf()).shade } : { word, shade: "word", pinned: true }),
  });
  const picture = makePicture({
    frame: field("x-frame"),
    image: field("x-picture"),
    onHover: (row, col) => { if (!state.pinned) change({ row, col }, { keepNote: true }); },
    onChoose: (row, col) => change({ row, col, pinned: !(state.pinned && row === state.row && col === state.col) }, { focus: true }),
  });

  // The address is written when things rest, because browsers limit how often it may change.
  const writeAddress = () => {
    clearTimeout(writing);
    writing = 0;
    try {
      history.replaceState(null, "", fragment(store, state));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  };
  const writeSoon = () => { if (!writing) writing = setTimeout(writeAddress, ADDRESS_REST_MS); };

  const firstCell = (tables) => {
    const entry = list.key === listKey() ? list.entries.find(({ image }) => image === state.image) : null;
    if (entry) return [tables.judged.row[entry.p], tables.judged.col[entry.p]];
    const table = [tables.judged, tables.other].find((each) => each && each.cells);
    if (table) return [table.row[0], table.col[0]];
    const { ys, xs } = imageOf();
    return [Math.max(0, ys.findIndex(Boolean)), Math.max(0, xs.findIndex(Boolean))];
  };
  const cellLabel = (book, answers, cell, lenses) => {
    const verdict = jointVerdict(cell, state, lenses);
    const words = lenses.slice(0, 1).map((lens) => panel.summary(book, answers, cell, lens, state));
    const kind = cell === null ? "no words" : cell.judged ? VERDICTS[verdict] || "sampled" : "words only";
    return [`row ${state.row}, column ${state.col}`, kind, ...words].filter(Boolean).join(", ");
  };
  const draw = async (stale, focus) => {
    const book = bookOf();
    const image = imageOf();
    const reading = setTimeout(() => note("Reading the words of this image …"), 150);
    const [answers, tables] = await Promise.all([store.answers(state.book), store.tables(state.book, state.image)])
      .finally(() => clearTimeout(reading));
    if (stale()) return;
    if (field("x-note").textContent.startsWith("Reading")) note("");
    const lostFocus = picture.showImage(image, imageName(image));
    if (state.row === null) [state.row, state.col] = firstCell(tables);
    const lenses = chosenLenses(book, state.lens);
    const key = [state.book, state.image, state.layer, state.lens, state.judge, state.shade, state.word].join();
    if (shaded !== key) {
      controls.legend(state, picture.shade(book, answers, tables, state, lenses), lenses);
      shaded = key;
    }
    const cell = cellAt(tables, state.row, state.col);
    picture.select(image, state.row, state.col, state.pinned, cellLabel(book, answers, cell, lenses), focus || lostFocus);
    field("x-source").textContent = `${imageName(image)}, grid of ${image.rows} × ${image.cols}; ${plural(image.judged, "patch", "patches")} ${book.judges.length ? "judged" : "sampled"}`;
    panel.show(book, answers, cell, shownLenses(book, state), state);
  };

  const listKey = () => [state.book, state.judge, state.lens, state.show, state.any || state.layer, state.order, state.seed].join();
  const placeOf = async (entry) => {
    const { judged } = await store.tables(state.book, entry.image);
    return [judged.row[entry.p], judged.col[entry.p]];
  };
  const position = async () => {
    const { judged } = await store.tables(state.book, state.image);
    const p = judged ? judged.places.get(`${state.row},${state.col}`) : undefined;
    return p === undefined ? -1 : list.entries.findIndex((entry) => entry.image === state.image && entry.p === p);
  };
  const drawPosition = async (stale) => {
    const at = await position();
    if (stale()) return;
    const count = list.entries.length;
    const what = state.order === "random" ? ` (random order, seed ${state.seed})` : "";
    field("x-position").textContent = count === 0 ? "no such patch"
      : (at < 0 ? plural(count, "patch", "patches") : `patch ${at + 1} of ${count}`) + what;
    field("x-previous").setAttribute("aria-disabled", String(count === 0 || at === 0));
    field("x-next").setAttribute("aria-disabled", String(count === 0 || at === count - 1));
  };
  const relist = async (stale) => {
    const key = listKey();
    if (list.key === key) return;
    const entries = await listPatches(store, state, (done, all) => note(`Reading the verdicts: image ${done} of ${all} …`), stale);
    if (stale()) return;
    list = { key, entries };
    if (field("x-note").textContent.startsWith("Reading")) note("");
  };
  const refresh = async (focus) => {
    turns += 1;
    const turn = turns;
    const stale = () => turn !== turns;
    drawing = true;
    showBusy();
    controls.draw(state);
    try {
      await draw(stale, focus);
      if (!stale()) await relist(stale);
      if (!stale()) await drawPosition(stale);
      if (!stale() && seek) {
        seek = false;
        if (await position() < 0) await walk(1);
      }
    } catch (error) {
      if (!stale()) tell(error);
    }
    if (stale()) return;
    drawing = false;
    showBusy();
  };
  const change = (changes, { focus = false, keepNote = false } = {}) => {
    Object.assign(state, changes);
    if (!keepNote) note("");
    writeSoon();
    return refresh(focus);
  };

  const walk = async (by, from) => {
    const { entries } = list;
    const at = from === undefined ? await position() : from;
    let wanted = at + by;
    if (at < 0 && from === undefined) {
      const later = by > 0 ? entries.findIndex(({ image }) => image >= state.image) : entries.findLastIndex(({ image }) => image <= state.image);
      wanted = state.order === "random" || later < 0 ? 0 : later;
    }
    const entry = entries[wanted];
    if (!entry) return;
    const [row, col] = await placeOf(entry);
    let { layer } = state;
    if (state.show !== "all" && state.any) {
      const table = await store.verdicts(state.book, entry.image);
      if (firstFit(bookOf(), table, entry.p, state, [layer]) < 0) layer = entry.layer;
    }
    await change({ image: entry.image, row, col, layer, pinned: true });
  };
  const step = async (by, from) => {
    steps += 1;
    showBusy();
    await walk(by, from).catch(tell);
    steps -= 1;
    showBusy();
  };
  const toImage = (image) => (image >= 0 && image < bookOf().images.length && image !== state.image
    ? change({ image, row: null, col: null }) : null);
  const toLayer = (layer) => (layer >= 0 && layer < bookOf().layers.length ? change({ layer }) : null);
  // Another model: the same image and layer if it has them, and the same cell of the same grid.
  const toBook = (number) => {
    const [old, next] = [bookOf(), index.books[number]];
    const [before, same] = [imageOf(), next.images.findIndex((image) => image.id === imageOf().id)];
    const kept = same >= 0 && next.images[same].rows === before.rows && next.images[same].cols === before.cols;
    change({
      book: number,
      image: Math.max(0, same),
      ...(kept ? {} : { row: null, col: null, pinned: false }),
      layer: Math.max(0, next.layers.indexOf(old.layers[state.layer])),
      lens: lensOptions(next).some(([name]) => name === state.lens) ? state.lens : "lenses",
      judge: Math.max(0, next.judges.indexOf(old.judges[state.judge])),
      ...(next.judges.length ? {} : { show: "all", shade: "score" }),
    });
  };
  const random = async () => {
    const start = state.order !== "random";
    if (start) {
      state.order = "random";
      await refresh(false);
    }
    await step(1, start ? -1 : undefined);
  };
  const copy = async () => {
    writeAddress();
    const box = field("x-link");
    try {
      await navigator.clipboard.writeText(location.href);
      box.hidden = true;
      note("Link copied.");
    } catch {
      box.hidden = false;
      field("x-link-text").value = location.href;
      field("x-link-text").select();
      note("Copy the link from the field below.");
    }
  };

  const go = (down, right) => {
    const cell = picture.beside(state.row, state.col, down, right);
    if (cell) change({ row: cell[0], col: cell[1] }, { focus: true });
  };
  const end = (at) => {
    const key = picture.ends(state.row).at(at);
    if (key) change({ col: Number(key.split(",")[1]) }, { focus: true });
  };
  const seekWith = (changes) => { seek = true; change(changes); };
  wire({ state, picture, change, seekWith, step, go, end, toImage, toLayer, toBook, random, copy });

  const restore = () => {
    if (!location.hash.startsWith(PREFIX)) return false;
    const { changes, missing } = asked(store, location.hash);
    Object.assign(state, initial(index.books[changes.book]), changes);
    change({});
    if (missing.length) note(`This page does not hold ${missing.join(", ")}, which the link names.`);
    field("explorer").scrollIntoView();
    return true;
  };
  window.addEventListener("hashchange", restore);
  if (!restore()) refresh(false);
};

// Nothing is decoded before the explorer is near the screen, or a link asks for it.
const waitForReader = () => {
  const section = field("explorer");
  let started = false;
  const start = () => {
    if (started) return;
    started = true;
    seen.disconnect();
    startExplorer(makeStore());
  };
  const seen = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) start(); }, { rootMargin: "400px" });
  field("x-app").hidden = false;
  window.addEventListener("hashchange", () => { if (location.hash.startsWith(PREFIX)) start(); });
  if (location.hash.startsWith(PREFIX)) start(); else seen.observe(section);
};

if (field("x-app")) waitForReader();
