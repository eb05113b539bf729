// The words of one cell: what every lens says, how sure, where it was read, and what judges say.

const RELATION_UNKNOWN = 4;

const decimals = (step) => (step > 0 ? Math.min(3, Math.max(0, Math.floor(-Math.log10(step)))) : 3);

const makePanel = ({ panel, index, onLayer, onWord }) => {
  let openReasons = false;

  const readWords = (book, answers, cell, lens, layer, judge) => {
    const { table, p, judged } = cell;
    const q = table.question(p, lens, layer);
    if (q < 0) return null;
    const relations = judged ? table.relation[judge] : null;
    const words = [];
    for (let at = table.offset[q]; at < table.offset[q + 1]; at += 1) {
      const answer = table.answer[at];
      const [low, step] = book.scale[lens] || [0, 0];
      words.push({
        word: answers.words[answers.word[answer]],
        context: answers.context[answer] < 0 ? "" : answers.contexts[answers.context[answer]],
        start: answers.start[answer],
        end: answers.end[answer],
        source: answers.source[answer],
        score: table.score ? (low + step * table.score[at]).toFixed(decimals(step)) : "",
        relation: relations ? relations[at] : null,
      });
    }
    const verdicts = !judged ? [] : book.judges.map((name, j) => ({
      name, hit: table.hit[j][q], status: table.status[j][q], reason: table.reason[j] ? table.reason[j][q] : 0,
    }));
    return { words, verdicts };
  };

  const statusText = (status) => index.statuses[status].replaceAll("_", " ");
  const verdictText = ({ hit, status }) => (hit === UNSCORED
    ? `unscored: ${status ? statusText(status) : "no verdict"}`
    : VERDICTS[hit] + (status ? ` (${statusText(status)})` : ""));
  // A panel is named in full by the field of judges.
  const shortName = (book, name) => (book.judges.filter((each) => each.startsWith("panel:")).length === 1 && name.startsWith("panel:") ? "panel" : name);
  const verdictChip = (book, verdict, chosen) => make("li", { class: chosen ? "x-now" : "" },
    make("span", { class: `x-verdict ${VERDICTS[verdict.hit]}` }, `${VERDICT_MARKS[verdict.hit]} ${verdictText(verdict)}`),
    " ", make("small", {}, shortName(book, verdict.name)));

  const relationName = (code) => index.relations[code] || "unscored";
  const chip = (entry, state) => {
    const chosen = state.shade === "word" && state.word === entry.word;
    const look = entry.relation === null ? "" : relationName(entry.relation);
    const node = make("button", { type: "button", class: `x-word ${look}`, "aria-pressed": String(chosen) }, ...wordText(entry.word));
    node.addEventListener("click", () => onWord(chosen ? null : entry.word));
    return node;
  };
  // Spans count characters as code points; the strings of the page count UTF-16 units.
  const sentence = ({ context, start, end }) => {
    const points = Array.from(context);
    const part = (from, to) => points.slice(from, to).join("");
    return make("span", { class: "x-sentence", dir: "auto" }, part(0, start), make("mark", {}, part(start, end)), part(end));
  };
  const wordLine = (entry, unit, state) => {
    const facts = [
      entry.relation === null ? "" : relationName(entry.relation),
      entry.score === "" ? "" : `${unit} ${entry.score}`.trim(),
      entry.source < 0 ? "" : `text layer ${entry.source}`,
    ].filter(Boolean);
    const line = make("li", {}, chip(entry, state), " ", make("span", { class: "x-facts" }, facts.join(" · ")));
    if (entry.context && entry.context !== entry.word) line.append(" ", sentence(entry));
    return line;
  };
  const reasons = (answers, verdicts) => {
    const given = verdicts.filter(({ reason }) => reason);
    if (!given.length) return "";
    const texts = given.map(({ name, reason }) => make("p", { dir: "auto" }, make("b", {}, `${name}: `), answers.reasons[reason - 1]));
    const node = make("details", { class: "x-reasons" }, make("summary", {}, given.length > 1 ? "Reasoning of the judges" : "Reasoning of the judge"), ...texts);
    node.open = openReasons;
    node.addEventListener("toggle", () => { openReasons = node.open; });
    return node;
  };
  const lensName = (lens) => [make("span", { class: `swatch ${lens.style}` }), lens.name, lens.kind === "control" ? make("small", {}, " control") : ""];

  const lensBlock = (book, answers, cell, lens, state) => {
    const note = book.lenses[lens];
    const said = readWords(book, answers, cell, lens, state.layer, state.judge);
    const block = make("section", { class: "x-lens", "data-lens": note.name }, make("h4", {}, ...lensName(note)));
    if (!said) {
      block.append(make("p", { class: "x-empty" }, "not asked about this cell"));
      return block;
    }
    if (said.verdicts.length) block.append(make("ul", { class: "x-verdicts" }, ...said.verdicts.map((each, j) => verdictChip(book, each, j === state.judge))));
    block.append(said.words.length
      ? make("ol", { class: "x-words" }, ...said.words.map((entry) => wordLine(entry, note.score, state)))
      : make("p", { class: "x-empty" }, "no words"));
    block.append(reasons(answers, said.verdicts));
    return block;
  };

  const tableCell = (book, answers, cell, lens, layer, state) => {
    const said = readWords(book, answers, cell, lens, layer, state.judge);
    const node = make("td", { "data-lens": book.lenses[lens].name });
    if (!said) return node;
    const verdict = said.verdicts[state.judge];
    if (verdict) node.append(make("span", { class: `x-verdict ${VERDICTS[verdict.hit]}`, title: verdictText(verdict) },
      make("span", { "aria-hidden": "true" }, VERDICT_MARKS[verdict.hit]), make("span", { class: "x-unseen" }, verdictText(verdict))), " ");
    if (!said.words.length) node.append(make("span", { class: "x-empty" }, "no words"));
    said.words.forEach((entry) => node.append(chip(entry, state), " "));
    return node;
  };
  const layerTable = (book, answers, cell, lenses, state) => {
    const head = make("tr", {}, make("th", { scope: "col" }, "layer"), ...lenses.map((lens) => make("th", { scope: "col" }, ...lensName(book.lenses[lens]))));
    const rows = book.layers.map((layer, i) => {
      const button = make("button", { type: "button", "aria-label": `layer ${layer}, show alone` }, String(layer));
      button.addEventListener("click", () => onLayer(i));
      const heading = make("th", { scope: "row" }, button);
      if (book.same.includes(layer)) heading.append(make("small", {}, " = 0"));
      return make("tr", i === state.layer ? { class: "x-now" } : {}, heading, ...lenses.map((lens) => tableCell(book, answers, cell, lens, i, state)));
    });
    return make("div", { class: "scroll x-layers", tabindex: 0, role: "region", "aria-label": "words at all layers" },
      make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  };

  const show = (book, answers, cell, lenses, state) => {
    const place = `row ${state.row}, column ${state.col}`;
    const about = cell === null ? "No lens was asked about this cell."
      : cell.judged ? "" : "No judge was asked about this cell: words only.";
    const heading = make("h3", {}, place, " ", make("small", {}, state.pinned ? "pinned" : "", about ? ` ${about}` : ""));
    const blocks = cell === null ? []
      : state.view === "all" ? [layerTable(book, answers, cell, lenses, state)]
        : lenses.map((lens) => lensBlock(book, answers, cell, lens, state));
    const stops = () => [...panel.querySelectorAll("button, summary")];
    const held = stops().indexOf(document.activeElement);
    panel.replaceChildren(heading, ...blocks);
    if (held >= 0) stops()[held]?.focus({ preventScroll: true });
  };
  // The words of one lens in one line, as the name of a cell tells them.
  const summary = (book, answers, cell, lens, state) => {
    const said = cell && readWords(book, answers, cell, lens, state.layer, state.judge);
    return said ? said.words.map(({ word }) => word).join(", ") : "";
  };
  return { show, summary };
};
