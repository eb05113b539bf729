// The picture with its grid of cells: what is drawn over it, and which cell is meant.

const SHADES = { verdict: "verdict", score: "score", word: "the chosen word", none: "nothing" };
const VERDICTS = ["miss", "hit", "unscored"];
const VERDICT_MARKS = ["✗", "✓", "?"];
const STEPS = 5;

const cellAt = (tables, row, col) => {
  const key = `${row},${col}`;
  for (const table of [tables.judged, tables.other]) {
    if (table && table.places.has(key)) return { table, p: table.places.get(key), judged: table === tables.judged };
  }
  return null;
};

// Hit if some of the lenses hit, miss if all that were scored missed; -1 if nobody was asked.
const jointVerdict = (cell, state, lenses) => {
  const hits = cell && cell.judged ? cell.table.hit[state.judge] : null;
  if (!hits) return -1;
  const found = lenses.map((lens) => cell.table.question(cell.p, lens, state.layer))
    .filter((q) => q >= 0).map((q) => hits[q]);
  return [HIT, MISS, UNSCORED].find((verdict) => found.includes(verdict)) ?? -1;
};

const topScore = (book, cell, lens, layer) => {
  const q = cell ? cell.table.question(cell.p, lens, layer) : -1;
  if (q < 0 || !cell.table.score || !cell.table.count[q]) return null;
  const [low, step] = book.scale[lens];
  return low + step * cell.table.score[cell.table.offset[q]];
};

// Whether one of the lenses says the word with this number, at the layer shown.
const saysWord = (cell, answers, word, lenses, layer) => cell !== null && lenses.some((lens) => {
  const q = cell.table.question(cell.p, lens, layer);
  if (q < 0) return false;
  const said = cell.table.answer.subarray(cell.table.offset[q], cell.table.offset[q + 1]);
  return said.some((answer) => answers.word[answer] === word);
});

// Ends of the best words' scores in this picture, for the shades.
const scoreRange = (book, tables, lens, layer) => {
  const found = [];
  for (const table of [tables.judged, tables.other]) {
    for (let p = 0; table && p < table.cells; p += 1) {
      const score = topScore(book, { table, p }, lens, layer);
      if (score !== null) found.push(score);
    }
  }
  return found.length ? [found.reduce((a, b) => Math.min(a, b)), found.reduce((a, b) => Math.max(a, b))] : null;
};

const makePicture = ({ frame, image: picture, onHover, onChoose }) => {
  const grid = field("x-grid");
  const region = field("x-region");
  let nodes = new Map();
  let shown = null;
  let current = null;

  const percent = (node, [left, right], [top, bottom]) => Object.assign(node.style, {
    left: `${left * 100}%`, top: `${top * 100}%`, width: `${(right - left) * 100}%`, height: `${(bottom - top) * 100}%`,
  });
  const build = (entry) => {
    nodes = new Map();
    const rows = entry.ys.flatMap((edges, row) => {
      if (!edges) return [];
      const line = make("div", { role: "row", "aria-rowindex": row + 1 });
      entry.xs.forEach((sides, col) => {
        if (!sides) return;
        const node = make("div", { role: "gridcell", tabindex: -1, "aria-colindex": col + 1, "data-cell": `${row},${col}` });
        percent(node, sides, edges);
        nodes.set(`${row},${col}`, node);
        line.append(node);
      });
      return line.childElementCount ? [line] : [];
    });
    grid.setAttribute("aria-rowcount", entry.rows);
    grid.setAttribute("aria-colcount", entry.cols);
    grid.replaceChildren(...rows);
  };
  // Returns whether the focus was on a cell, which is drawn anew.
  const showImage = (entry, name) => {
    if (shown === entry) return false;
    const held = grid.contains(document.activeElement);
    const address = field(`x-picture-${entry.picture}`).textContent.trim();
    picture.width = entry.width;
    picture.height = entry.height;
    picture.alt = name;
    picture.src = address;
    frame.style.setProperty("--shape", entry.width / entry.height);
    grid.setAttribute("aria-label", `cells of ${name}`);
    build(entry);
    shown = entry;
    current = null;
    return held;
  };

  // Classes of all cells: how they are outlined, and how shaded. Returns what the legend tells.
  const shade = (book, answers, tables, state, lenses) => {
    const [lens] = lenses;
    const word = state.shade === "word" ? answers.words.indexOf(state.word) : -1;
    let says = 0;
    const range = state.shade === "score" ? scoreRange(book, tables, lens, state.layer) : null;
    for (const [key, node] of nodes) {
      const [row, col] = key.split(",");
      const cell = cellAt(tables, row, col);
      const kind = cell === null ? "bare" : cell.judged ? "judged" : "browse";
      let look = "";
      if (state.shade === "verdict") look = VERDICTS[jointVerdict(cell, state, lenses)] || "";
      if (word >= 0 && saysWord(cell, answers, word, lenses, state.layer)) {
        look = "says";
        says += 1;
      }
      const score = range ? topScore(book, cell, lens, state.layer) : null;
      if (score !== null) {
        const share = range[1] > range[0] ? (score - range[0]) / (range[1] - range[0]) : 1;
        look = `score-${Math.min(STEPS - 1, Math.floor(share * STEPS))}`;
      }
      node.className = `x-cell ${kind} ${look}`;
    }
    return { range, says };
  };
  const select = (entry, row, col, pinned, label, focus) => {
    if (current) {
      current.tabIndex = -1;
      current.removeAttribute("aria-selected");
      current.removeAttribute("aria-label");
    }
    current = nodes.get(`${row},${col}`) || null;
    const around = (edges, at) => edges.slice(Math.max(0, at - 1), at + 2).filter(Boolean);
    const [xs, ys] = [around(entry.xs, col), around(entry.ys, row)];
    region.hidden = !xs.length || !ys.length;
    if (!region.hidden) percent(region, [xs[0][0], xs.at(-1)[1]], [ys[0][0], ys.at(-1)[1]]);
    region.classList.toggle("pinned", pinned);
    if (!current) return;
    current.tabIndex = 0;
    current.setAttribute("aria-selected", "true");
    current.setAttribute("aria-label", label);
    if (focus || grid.contains(document.activeElement)) current.focus({ preventScroll: !focus });
  };
  const meant = (event) => {
    const node = event.target.closest("[data-cell]");
    return node ? node.dataset.cell.split(",").map(Number) : null;
  };
  const beside = (row, col, down, right) => (nodes.has(`${row + down},${col + right}`) ? [row + down, col + right] : null);
  // Browsers also report a pointer that rests while the page moves below it.
  let rested = "";
  grid.addEventListener("pointerover", (event) => {
    const place = `${event.screenX},${event.screenY}`;
    const moved = place !== rested;
    rested = place;
    const cell = meant(event);
    if (cell && moved && event.pointerType === "mouse") onHover(...cell);
  });
  grid.addEventListener("click", (event) => {
    const cell = meant(event);
    if (cell) onChoose(...cell);
  });
  return { grid, showImage, shade, select, beside, ends: (row) => [...nodes.keys()].filter((key) => key.startsWith(`${row},`)) };
};
