// Which patches are gone through, and in which order.

// Share of a patch in a random order: FNV-1a of "SEED:IMAGE:NUMBER", mixed as in MurmurHash3, so
// that the order depends on nothing but the seed and the patch.
const lot = (text) => {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

const allPatches = (book) => book.images.flatMap((image, i) =>
  Array.from({ length: image.patches === null ? 0 : image.judged }, (_, p) => ({ image: i, p, id: image.id })));

const inOrder = (entries, order, seed) => {
  if (order !== "random") return entries;
  const drawn = entries.map((entry) => [lot(`${seed}:${entry.id}:${entry.p}`), entry]);
  return drawn.sort((a, b) => a[0] - b[0]).map(([, entry]) => entry);
};

const kindIs = (book, kind) => book.lenses.flatMap((lens, i) => (lens.kind === kind ? [i] : []));

// Lenses that a choice stands for: "lenses", "all", or the name of one lens or control.
const chosenLenses = (book, choice) => {
  if (choice === "all") return book.lenses.map((_, i) => i);
  const found = book.lenses.findIndex((lens) => lens.name === choice);
  return found < 0 ? kindIs(book, "lens") : [found];
};

// Lenses whose rows are shown: a filter on controls shows them too.
const shownLenses = (book, state) => {
  const chosen = chosenLenses(book, state.lens);
  if (state.show !== "controls" || chosen.some((i) => book.lenses[i].kind === "control")) return chosen;
  return [...chosen, ...kindIs(book, "control")];
};

const SHOWS = {
  all: { name: "all patches" },
  hits: { name: "hits", fits: ({ own }) => own.includes(HIT) },
  misses: { name: "misses (failures)", fits: ({ own }) => own.includes(MISS) },
  unscored: { name: "unscored", fits: ({ own }) => own.includes(UNSCORED) },
  judges: {
    name: "judges disagree",
    fits: ({ byJudge }) => byJudge.some((votes) => votes.includes(HIT) && votes.includes(MISS)),
  },
  lenses: { name: "lenses disagree", fits: ({ lenses }) => lenses },
  controls: { name: "controls called related", fits: ({ controls }) => controls.includes(HIT) },
};

// Number of the first of ``layers`` at which patch ``p`` fits the filter, or -1.
const firstFit = (book, table, p, state, layers) => {
  const { fits } = SHOWS[state.show];
  const chosen = chosenLenses(book, state.lens);
  const under = kindIs(book, "lens");
  const picked = chosen.filter((i) => book.lenses[i].kind === "control");
  const controls = picked.length ? picked : kindIs(book, "control");
  const rows = table.hit[state.judge];
  return layers.find((layer) => {
    const votes = (members, hits) => members.map((lens) => table.question(p, lens, layer))
      .filter((q) => q >= 0).map((q) => hits[q]);
    const own = votes(chosen, rows);
    const others = votes(under, rows);
    return fits({
      own,
      controls: votes(controls, rows),
      byJudge: chosen.map((lens) => table.hit.flatMap((hits) => votes([lens], hits))),
      lenses: (own.includes(HIT) && others.includes(MISS)) || (own.includes(MISS) && others.includes(HIT)),
    });
  }) ?? -1;
};

// Patches that fit the filter, in order; reads every image, and tells ``progress`` how far it is.
const listPatches = async (store, state, progress, stale) => {
  const book = store.index.books[state.book];
  const entries = inOrder(allPatches(book), state.order, state.seed);
  if (state.show === "all") return entries;
  const layers = state.any ? book.layers.map((_, i) => i) : [state.layer];
  const fit = new Map();
  let rested = performance.now();
  for (let image = 0; image < book.images.length; image += 1) {
    const table = await store.verdicts(state.book, image);
    if (stale()) return null;
    for (let p = 0; table && p < table.cells; p += 1) {
      const layer = firstFit(book, table, p, state, layers);
      if (layer >= 0) fit.set(`${image}:${p}`, layer);
    }
    if (performance.now() - rested > 40) {
      progress(image + 1, book.images.length);
      await pause();
      rested = performance.now();
    }
  }
  return entries.filter(({ image, p }) => fit.has(`${image}:${p}`))
    .map((entry) => ({ ...entry, layer: fit.get(`${entry.image}:${entry.p}`) }));
};
