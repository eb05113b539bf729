"use strict";
(() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (name, attributes = {}, text = "") => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return node;
  };

  // Judge and definition: one panel at a time, and the rows of the table that belong to it.
  const panels = all(".panel");
  const choice = document.getElementById("panel-choice");
  const table = document.getElementById("cell-table");
  const filterRows = () => {
    const panel = panels[Number(choice.value)];
    const wanted = { definition: panel.dataset.definition, judge: panel.dataset.judge };
    for (const select of all("#cell-filters select")) {
      if (select.value) wanted[select.dataset.column] = select.value;
    }
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !Object.entries(wanted).every(([key, value]) => row.dataset[key] === value);
      shown += row.hidden ? 0 : 1;
    }
    document.querySelector("#cell-filters .count").textContent = `${shown} rows`;
  };
  const showPanel = () => {
    panels.forEach((panel, index) => { panel.hidden = index !== Number(choice.value); });
    filterRows();
  };
  const sortRows = (button) => {
    const column = Number(button.dataset.sort);
    const heading = button.closest("th");
    const rising = heading.getAttribute("aria-sort") === "descending" || !(heading.ariaSort || heading.classList.contains("num"));
    for (const other of all("th", table.tHead)) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const key = (row) => {
      const cell = row.cells[column];
      return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
    };
    const rows = [...table.tBodies[0].rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (rising ? 1 : -1));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };
  if (choice) {
    choice.addEventListener("change", showPanel);
    document.getElementById("cell-filters").addEventListener("change", filterRows);
    for (const button of all("button[data-sort]")) button.addEventListener("click", () => sortRows(button));
    for (const form of all("form")) form.addEventListener("submit", (event) => event.preventDefault());
    showPanel();
  }

  // Explorer: every patch of every picture, with the words of the lenses at each layer.
  const explorer = document.querySelector(".explorer");
  if (!explorer) return;
  const book = data.explorer;
  const judged = data.judges.length > 0;
  explorer.classList.toggle("unjudged", !judged);
  const kinds = Object.fromEntries(data.lenses.map((note) => [note.name, note.kind]));
  const pages = book.images.flatMap((image, i) => image.patches.map((patch, j) => ({ image, patch, i, j })));
  const field = (id) => document.getElementById(id);
  const [imageField, lensField, layerField, missField] = ["x-image", "x-lens", "x-layer", "x-misses"].map(field);
  const detail = field("x-detail");
  const words = field("x-words");
  let position = 0;
  let listed = pages;

  const unpack = (patch, lens, layer) => {
    const packed = patch.cells[lens * book.layers.length + layer];
    const answers = [];
    for (let at = 1; at < packed.length; at += 3) {
      const [index, code, score] = packed.slice(at, at + 3);
      answers.push({ ...book.neighbours[index], relation: book.relations[code] || "unscored", score });
    }
    return { status: packed[0], answers };
  };
  const visibleLenses = () => {
    const value = lensField.value;
    return book.lenses.map((name, index) => ({ name, index })).filter(({ name }) =>
      value === "" || (value === "lens" ? kinds[name] === "lens" : value === `=${name}`));
  };
  const visibleLayers = () => book.layers.map((layer, index) => ({ layer, index }))
    .filter(({ layer }) => layerField.value === "" || Number(layerField.value) === layer);
  const isMiss = ({ status, answers }) => status === "ok" && answers.every((answer) => answer.relation === "none");
  const missesOnly = () => Boolean(missField && missField.checked);
  const hasMiss = ({ patch }) => visibleLenses().some((lens) =>
    visibleLayers().some((layer) => isMiss(unpack(patch, lens.index, layer.index))));

  const describe = (answer, lens, layer, button) => {
    for (const other of all(".word[aria-pressed='true']", words)) other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", "true");
    const source = answer.source_layer === null ? "" : `, read at text layer ${answer.source_layer}`;
    const verdict = judged ? `${answer.relation}, ` : "";
    detail.replaceChildren(`${lens}, layer ${layer}: ${verdict}similarity ${answer.score}${source}. `);
    if (answer.context) {
      detail.append("“", answer.context.slice(0, answer.start),
        make("mark", {}, answer.context.slice(answer.start, answer.end)), answer.context.slice(answer.end), "”");
    } else {
      detail.append("Vocabulary entry ", make("mark", {}, answer.word), ", without context.");
    }
  };
  const wordCell = (patch, lens, layer) => {
    const cell = unpack(patch, lens.index, layer.index);
    const node = make("td", { "data-lens": lens.name });
    if (missesOnly() && !isMiss(cell)) node.className = "faded";
    if (!cell.answers.length) node.append(make("span", { class: "empty" }, "no words"));
    for (const answer of cell.answers) {
      const button = make("button", { type: "button", class: `word ${answer.relation}`, "aria-pressed": "false", title: answer.context || answer.word }, answer.word || "␣");
      button.addEventListener("click", () => describe(answer, lens.name, layer.layer, button));
      node.append(button);
    }
    if (judged && cell.answers.length && cell.status !== "ok") node.append(make("span", { class: "empty" }, ` (${cell.status.replaceAll("_", " ")})`));
    return node;
  };
  const drawWords = (patch) => {
    const lenses = visibleLenses();
    const head = make("tr");
    head.append(make("th", { scope: "col" }, "layer"), ...lenses.map((lens) => make("th", { scope: "col" }, lens.name)));
    const body = visibleLayers().map((layer) => {
      const row = make("tr");
      row.append(make("th", { scope: "row" }, String(layer.layer)), ...lenses.map((lens) => wordCell(patch, lens, layer)));
      return row;
    });
    const [thead, tbody] = [make("thead"), make("tbody")];
    thead.append(head);
    tbody.append(...body);
    words.replaceChildren(thead, tbody);
  };
  const drawBoxes = (page) => {
    for (const figure of all(".view figure")) {
      const current = figure.dataset.image === page.image.image_id;
      figure.hidden = !current;
      if (!current) continue;
      const frame = figure.querySelector(".frame");
      for (const old of all(".region", frame)) old.remove();
      page.image.patches.forEach((patch, j) => {
        const [left, top, right, bottom] = patch.region.map((share) => share * 100);
        const box = make("button", { type: "button", class: "region", "aria-label": `patch ${j + 1}, row ${patch.row}, column ${patch.col}`, "aria-current": String(j === page.j) });
        Object.assign(box.style, { left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%` });
        box.addEventListener("click", () => show(listed.findIndex((other) => other.patch === patch)));
        frame.append(box);
      });
    }
  };
  const show = (index) => {
    if (!listed.length) {
      field("x-position").textContent = "no such patch";
      words.replaceChildren();
      return;
    }
    if (index < 0) return;
    position = Math.min(index, listed.length - 1);
    const page = listed[position];
    imageField.value = String(page.i);
    field("x-position").textContent = `patch ${position + 1} of ${listed.length}`;
    detail.textContent = "Choose a word to see the phrase it was read in.";
    const held = explorer.contains(document.activeElement);
    drawBoxes(page);
    // The box that had the focus is drawn anew; without this the arrow keys would stop working.
    if (held) explorer.focus({ preventScroll: true });
    drawWords(page.patch);
  };
  const relist = () => {
    const page = listed[position];
    listed = missesOnly() ? pages.filter(hasMiss) : pages;
    show(Math.max(0, listed.indexOf(page)));
  };
  const stepImage = (step) => {
    const here = listed[position];
    const other = listed.filter((page) => Math.sign(page.i - here.i) === step);
    if (!other.length) return;
    const wanted = step > 0 ? other[0].i : other[other.length - 1].i;
    show(listed.findIndex((page) => page.i === wanted));
  };

  book.images.forEach((image, i) => imageField.append(make("option", { value: i }, image.source || image.image_id.slice(0, 12))));
  imageField.addEventListener("change", () => show(listed.findIndex((page) => page.i >= Number(imageField.value))));
  for (const control of [lensField, layerField, missField]) if (control) control.addEventListener("change", relist);
  field("x-previous").addEventListener("click", () => show(position - 1));
  field("x-next").addEventListener("click", () => show(position + 1));
  explorer.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: () => show(position - 1), ArrowRight: () => show(position + 1), ArrowUp: () => stepImage(-1), ArrowDown: () => stepImage(1) };
    if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moves[event.key]();
  });
  show(0);
})();
