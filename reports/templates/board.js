"use strict";
(() => {
  const field = (id) => document.getElementById(id);
  const make = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };

  // The leaderboard over models: one judge and definition at a time.
  const choice = field("overview-select");
  if (choice) {
    const show = () => {
      for (const part of document.querySelectorAll(".overview")) part.hidden = part.dataset.overview !== choice.value;
    };
    choice.addEventListener("change", show);
    show();
  }

  const holder = field("board-data");
  if (!holder) return;
  const data = JSON.parse(holder.textContent);
  const STEP = 200;
  const MEAN = "mean";
  const NONE = "–";
  const at = Object.fromEntries(data.columns.map(({ name, values, codes }) =>
    [name, codes ? (row) => values[codes[row]] : (row) => values[row]]));
  const everything = Array.from({ length: data.rows }, (_, row) => row);
  const state = { filters: {}, search: "", sort: null, falling: false, limit: STEP };

  // Numbers as the files have them. Of two equally near numbers toFixed takes the larger one, Python the even one.
  const fixed = (value, digits) => {
    const odd = Math.abs(value) * 2 ** (digits + 1);
    if (!Number.isInteger(odd) || odd % 2 === 0) return (value || 0).toFixed(digits);
    const below = (odd * 5 ** digits - 1) / 2;
    const even = (below % 2 ? below + 1 : below) / 10 ** digits;
    return (value < 0 ? "-" : "") + even.toFixed(digits);
  };
  const rate = (value, none = NONE) => (value === null ? none : fixed(value, 3));
  const signed = (value, none = NONE) => (value === null ? none : (value < 0 ? "" : "+") + fixed(value, 3));
  const interval = (low, high) => (low === null || high === null ? "" : `[${rate(low)}, ${rate(high)}]`);
  const after = (text) => (text ? ` ${text}` : "");
  const unscored = (row) => (at.total(row) === null || at.n(row) === null ? null : at.total(row) - at.n(row));
  const reasons = (row, equals, between) => {
    const counts = at.unscored(row);
    return Object.keys(counts).sort().map((reason) => `${reason}${equals}${counts[reason]}`).join(between);
  };
  const hitsOfScored = (row, none = NONE) => (at.n(row) === null ? none : `${at.hits(row) ?? none} of ${at.n(row)}`);
  const ranks = (row, none, dash) => {
    const [best, worst] = [at.best_rank(row), at.worst_rank(row)];
    if (best === null || worst === null) return none;
    return best === worst ? String(best) : `${best}${dash}${worst}`;
  };

  // Files: the same bytes as reports/exports.py writes.
  const HEADINGS = ["Model", "Lens", "Layer", "Rate [95 % interval]", "Hits of scored", "Unscored", "Gain over control", "Tier", "Rank", "Judge", "Definition", "Source", "Known problem"];
  const isNumber = (index) => index >= 2 && index < 9;
  const readable = (row) => [
    at.model(row) || "mean over models",
    at.lens(row),
    at.layer(row) === null ? MEAN : `${at.layer(row)}${at.same_as_layer_0(row) ? " (= 0)" : ""}`,
    rate(at.estimate(row), "-") + after(interval(at.low(row), at.high(row))),
    hitsOfScored(row, "-"),
    String(unscored(row) ?? "-"),
    signed(at.gain(row), "-") + after(interval(at.gain_low(row), at.gain_high(row))),
    String(at.tier(row) ?? "-"),
    ranks(row, "-", "-"),
    at.judge(row),
    at.definition(row),
    at.source(row),
    at.problem(row) || "-",
  ];
  const blank = (text) => text.replace(/[\x00-\x20\x7f\x85\u2028\u2029]+/g, " ");
  const SPECIAL = { "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "|": "\\textbar{}", "<": "\\textless{}", ">": "\\textgreater{}" };
  const latex = (text) => blank(text).replace(/[\\{}~^|<>_%&#$]/g, (sign) => SPECIAL[sign] || `\\${sign}`).replace(/-(?=-)/g, "-{}").replace(/^[[*]/, "{$&}");
  const literal = (type, value) => {
    if (value === null) return "null";
    if (type === "number") return fixed(value, 6);
    if (type !== "counts") return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${value[key]}`).join(",")}}`;
  };
  const plain = ({ name, type }, row) => {
    const value = at[name](row);
    if (name === "layer" && value === null) return MEAN;
    if (type === "counts") return reasons(row, "=", ";");
    return value === null ? "" : type === "text" ? value : literal(type, value);
  };
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const FILES = {
    csv: (rows) => [data.columns.map(({ name }) => name), ...rows.map((row) => data.columns.map((column) => quoted(plain(column, row))))].map((cells) => `${cells.join(",")}\n`).join(""),
    json: (rows) => (rows.length ? `[\n${rows.map((row) => `{${data.columns.map(({ name, type }) => `${JSON.stringify(name)}:${literal(type, at[name](row))}`).join(",")}}`).join(",\n")}\n]\n` : "[]\n"),
    md: (rows) => [HEADINGS, HEADINGS.map((_, index) => (isNumber(index) ? "--:" : "---")), ...rows.map((row) => readable(row).map((text) => blank(text).replace(/[\\`*_[\]<>|~&$]/g, "\\$&")))].map((cells) => `| ${cells.join(" | ")} |\n`).join(""),
    tex: (rows) => [
      "% Needs \\usepackage{booktabs}. Names beyond Latin letters need lualatex or xelatex.",
      `\\begin{tabular}{${HEADINGS.map((_, index) => (isNumber(index) ? "r" : "l")).join("")}}`,
      "\\toprule", `${HEADINGS.map(latex).join(" & ")} \\\\`, "\\midrule",
      ...rows.map((row) => `${readable(row).map(latex).join(" & ")} \\\\`),
      "\\bottomrule", "\\end{tabular}", "",
    ].join("\n"),
  };
  const save = (format) => {
    const link = make("a", { download: `lensbench-board.${format}` });
    link.href = URL.createObjectURL(new Blob([FILES[format](sorted(matching()))], { type: "text/plain" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // Layers of the vector of layer 0: one line for all of them.
  const family = (row) => JSON.stringify([at.model(row), at.source(row), at.lens(row), at.judge(row), at.definition(row)]);
  const modelLayers = new Map();
  for (const row of everything) {
    const key = `${at.model(row)}\n${at.source(row)}`;
    if (!modelLayers.has(key)) modelLayers.set(key, new Set());
    if (at.layer(row) !== null) modelLayers.get(key).add(at.layer(row));
  }
  const span = (row, layers) => {
    const all = [...modelLayers.get(`${at.model(row)}\n${at.source(row)}`)].sort((a, b) => a - b);
    const runs = [];
    for (const layer of layers) {
      const last = runs[runs.length - 1];
      if (last && all.indexOf(layer) === all.indexOf(last[1]) + 1) last[1] = layer;
      else runs.push([layer, layer]);
    }
    return runs.map(([first, last]) => (first === last ? first : `${first}–${last}`)).join(", ");
  };
  let groups = new Map();
  const collapsed = (rows) => {
    groups = new Map();
    if (!field("board-collapse").checked) return rows;
    const families = new Map();
    for (const row of rows) {
      if (!at.same_as_layer_0(row) && at.layer(row) !== 0) continue;
      const key = family(row);
      if (!families.has(key)) families.set(key, []);
      families.get(key).push(row);
    }
    const dropped = new Set();
    for (const members of families.values()) {
      if (members.length < 2) continue;
      const [first, ...others] = members.sort((a, b) => at.layer(a) - at.layer(b));
      groups.set(first, span(first, members.map(at.layer)));
      for (const row of others) dropped.add(row);
    }
    return rows.filter((row) => !dropped.has(row));
  };

  // Columns: how a row is shown and sorted.
  const sizes = Object.fromEntries(data.columns.map(({ name }) => [name, new Set(everything.map(at[name])).size]));
  const several = (name) => sizes[name] > 1;
  const bar = (row) => {
    const [low, high, estimate] = [at.low(row), at.high(row), at.estimate(row)];
    const node = make("span", { class: `span ${data.styles[at.lens(row)] || ""}`, "aria-hidden": "true" });
    if (low !== null && high !== null) {
      const line = make("i");
      Object.assign(line.style, { left: `${low * 100}%`, width: `${(high - low) * 100}%` });
      node.append(line);
    }
    if (estimate !== null) {
      const mark = make("b");
      mark.style.left = `${estimate * 100}%`;
      node.append(mark);
    }
    return node;
  };
  const layerText = (row) => {
    if (at.layer(row) === null) return MEAN;
    if (groups.has(row)) return [groups.get(row), make("span", { class: "same" }, " one vector")];
    return at.same_as_layer_0(row) ? [String(at.layer(row)), make("span", { class: "same" }, " = layer 0")] : String(at.layer(row));
  };
  const modelText = (row) => at.model(row) || "mean over models";
  const lensText = (row) => {
    const shown = [make("span", { class: `swatch ${data.styles[at.lens(row)] || ""}` }), at.lens(row)];
    if (several("model") && !field("board-more").checked) shown.push(make("small", { class: "model-below" }, modelText(row)));
    return shown;
  };
  const unscoredText = (row) => {
    const count = unscored(row);
    const why = reasons(row, " ", ", ").replaceAll("_", " ");
    return count === null ? NONE : why ? `${count}: ${why}` : String(count);
  };
  const COLUMNS = [
    { title: "Model", model: true, spare: true, show: modelText, key: at.model, many: "model" },
    { title: "Lens", key: at.lens, head: true, show: lensText },
    { title: "Layer", numeric: true, show: layerText, key: (row) => at.layer(row) ?? -1 },
    { title: "Definition", open: "definition", show: at.definition, key: at.definition },
    { title: "Judge", open: "judge", show: at.judge, key: at.judge },
    { title: "Rate", numeric: true, strong: true, show: (row) => rate(at.estimate(row)), key: at.estimate },
    { title: "95 % interval", numeric: true, show: (row) => [interval(at.low(row), at.high(row)) || NONE, bar(row)], key: at.low },
    { title: "Tier", numeric: true, rising: true, show: (row) => String(at.tier(row) ?? ""), key: at.tier },
    { title: "Rank", numeric: true, rising: true, spare: true, show: (row) => ranks(row, "", "–"), key: (row) => (at.best_rank(row) === null ? null : at.best_rank(row) + at.worst_rank(row) / 1e6) },
    { title: "Hits of scored", numeric: true, spare: true, show: (row) => hitsOfScored(row), key: at.hits },
    { title: "Gain over control", numeric: true, spare: true, show: (row) => signed(at.gain(row)) + after(interval(at.gain_low(row), at.gain_high(row))), key: at.gain },
    { title: "Unscored", numeric: true, more: true, show: unscoredText, key: unscored },
    { title: "Bounds", numeric: true, more: true, show: (row) => interval(at.lower_bound(row), at.upper_bound(row)) || NONE, key: at.lower_bound },
    { title: "Layers of one vector once", numeric: true, more: true, show: (row) => rate(at.distinct_layers(row)), key: at.distinct_layers },
    { title: "Borda", numeric: true, more: true, show: (row) => (at.borda(row) === null ? "" : fixed(at.borda(row), 1)), key: at.borda },
    { title: "Effective n", numeric: true, more: true, show: (row) => (at.effective_n(row) === null ? NONE : fixed(at.effective_n(row), 0)), key: at.effective_n },
    { title: "Distinct words", numeric: true, more: true, show: (row) => (at.distinct_words(row) === null ? NONE : fixed(at.distinct_words(row), 2)), key: at.distinct_words },
    { title: "Control", more: true, show: (row) => at.control(row) ?? "", key: at.control },
    { title: "Kind", more: true, show: at.kind, key: at.kind },
    { title: "Interval method", more: true, show: at.interval, key: at.interval },
    { title: "Source", more: true, show: at.source, key: at.source },
    { title: "Known problem", more: true, long: true, show: at.problem, key: (row) => at.problem(row) || null },
  ];
  const shownColumns = () => {
    const more = field("board-more").checked;
    // What a filter leaves open must be told in the row.
    const told = (name) => several(name) && state.filters[name] === "";
    return COLUMNS.filter((column) => (more || !(column.more || (column.open && !told(column.open)))) && (!column.many || several(column.many)))
      .map((column) => ({ ...column, spare: column.spare && !more }));
  };

  // Filters.
  const isPublished = (row) => at.source(row) === "published";
  const SOURCES = { "all runs": (row) => !isPublished(row), published: isPublished };
  const selects = [...document.querySelectorAll("#board-filters select")];
  const searched = (row) => ["model", "lens", "judge", "definition", "source", "problem"].map((name) => at[name](row)).join(" ").toLowerCase();
  const optionOf = (name, row) => (name === "layer" && at.layer(row) === null ? MEAN : String(at[name](row)));
  const matching = () => {
    const tests = Object.entries(state.filters).filter(([, value]) => value !== "").map(([name, value]) =>
      (name === "source" && SOURCES[value]) || ((row) => optionOf(name, row) === value.slice(1)));
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    return everything.filter((row) => tests.every((test) => test(row))
      && (!words.length || words.every((word) => searched(row).includes(word))));
  };
  const sorted = (rows) => {
    if (!state.sort) return rows;
    const sign = state.falling ? -1 : 1;
    const keyed = rows.map((row) => [state.sort.key(row), row]);
    const folded = keyed.map(([key, row]) => [typeof key === "string" ? key.toLowerCase() : key, row]);
    folded.sort(([a, i], [b, j]) => {
      if (a === null || b === null) return (a === null) - (b === null) || i - j;
      return (a < b ? -sign : a > b ? sign : 0) || i - j;
    });
    return folded.map(([, row]) => row);
  };

  // Drawing.
  const table = field("board-table");
  const cell = (column, row) => {
    const shown = column.show(row);
    const classes = [column.numeric && "num", column.strong && "strong", column.spare && "spare", column.long && "long", column.model && "model"].filter(Boolean);
    const node = make(column.head ? "th" : "td", classes.length ? { class: classes.join(" ") } : {}, ...(Array.isArray(shown) ? shown : [shown]));
    if (column.head) node.scope = "row";
    return node;
  };
  const drawHead = () => {
    const row = make("tr");
    for (const column of shownColumns()) {
      const button = make("button", { type: "button" }, column.title);
      const heading = make("th", { scope: "col", class: [column.numeric && "num", column.spare && "spare"].filter(Boolean).join(" ") }, button);
      const chosen = state.sort && state.sort.title === column.title;
      if (chosen) heading.setAttribute("aria-sort", state.falling ? "descending" : "ascending");
      button.addEventListener("click", () => {
        const again = state.sort && state.sort.title === column.title;
        state.falling = again ? !state.falling : Boolean(column.numeric && !column.rising);
        state.sort = column;
        drawHead();
        drawRows(STEP);
        [...table.tHead.querySelectorAll("button")].find((other) => other.textContent === column.title).focus();
      });
      row.append(heading);
    }
    table.tHead.replaceChildren(row);
  };
  const plural = (count) => `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`;
  const drawRows = (limit) => {
    state.limit = limit;
    const found = matching();
    const lines = sorted(collapsed(found));
    const columns = shownColumns();
    const body = document.createDocumentFragment();
    for (const row of lines.slice(0, limit)) {
      body.append(make("tr", { class: at.kind(row) }, ...columns.map((column) => cell(column, row))));
    }
    if (!lines.length) body.append(make("tr", {}, make("td", { colspan: columns.length }, "No row matches these filters.")));
    table.tBodies[0].replaceChildren(body);
    const folded = found.length - lines.length;
    const left = lines.length - Math.min(limit, lines.length);
    field("board-count").textContent = `${plural(found.length)} of ${data.rows.toLocaleString("en")}`
      + (folded ? ` in ${lines.length.toLocaleString("en")} lines` : "") + (left ? `, the first ${limit.toLocaleString("en")} shown` : "");
    const next = field("board-next");
    next.hidden = left === 0;
    next.textContent = `Show ${Math.min(STEP, left)} more of ${left.toLocaleString("en")}`;
  };
  const numeric = (a, b) => (a === MEAN ? -1 : b === MEAN ? 1 : Number(a) - Number(b));
  const option = (value, text) => make("option", { value }, text);
  const fill = (select) => {
    const name = select.dataset.column;
    const found = [...new Set(everything.map((row) => optionOf(name, row)))];
    if (name === "layer") found.sort(numeric);
    const whole = name === "source" && everything.some(isPublished) ? Object.keys(SOURCES) : [];
    const single = whole.length ? found.filter((value) => value !== "published") : found;
    select.replaceChildren(option("", "all"), ...whole.map((value) => option(value, value)),
      ...single.map((value) => option(`=${value}`, value || "mean over models")));
    select.closest("label").hidden = found.length < 2;
  };
  const choose = (filters) => {
    state.filters = Object.fromEntries(selects.map((select) => [select.dataset.column, ""]));
    for (const select of selects) {
      const name = select.dataset.column;
      if (name in filters && [...select.options].some((each) => each.value === `=${filters[name]}`)) state.filters[name] = `=${filters[name]}`;
      select.value = state.filters[name];
    }
    state.search = "";
    field("board-search").value = "";
    drawHead();
    drawRows(STEP);
  };
  const headline = () => choose(data.defaults);

  selects.forEach(fill);
  field("board-collapse").closest("label").hidden = !everything.some(at.same_as_layer_0);
  field("board-filters").addEventListener("submit", (event) => event.preventDefault());
  field("board-filters").addEventListener("change", (event) => {
    if (event.target.dataset.column) state.filters[event.target.dataset.column] = event.target.value;
    drawHead();
    drawRows(STEP);
  });
  field("board-search").addEventListener("input", (event) => {
    state.search = event.target.value;
    drawRows(STEP);
  });
  field("board-defaults").addEventListener("click", headline);
  field("board-all").addEventListener("click", () => choose({}));
  field("board-next").addEventListener("click", () => {
    drawRows(state.limit + STEP);
    if (field("board-next").hidden) table.closest(".scroll").focus();
  });
  for (const button of document.querySelectorAll(".board-files button")) {
    button.addEventListener("click", () => save(button.dataset.format));
  }
  field("board").hidden = false;
  headline();
})();
