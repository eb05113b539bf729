// The page: one item a screen, answered by keys, mouse or touch.
(() => {
  const payload = JSON.parse(document.getElementById("page-data").textContent);
  const $ = (id) => document.getElementById(id);
  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };
  const items = payload.items;
  const thing = payload.shows === "sentences" ? "sentence" : "word";
  const plural = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const LABELS = { concrete: "Concrete", abstract: "Abstract", global: "Global", none: "None" };

  const shelf = makeShelf(payload);
  const clock = makeClock();
  const sender = makeSender(payload, shelf, () => showKeeping());
  const answers = makeAnswers(payload, shelf, () => { showProgress(); showKeeping(); });
  let position = 0;
  let cursor = 0;
  let draft = emptyDraft();
  let exportedSize = -1;
  let exportNote = "";

  const current = () => items[position];
  const finished = () => position === items.length;
  /** Position of the first item without an answer from `start` on, around the end; or the end. */
  const nextOpen = (start) => {
    for (let step = 0; step < items.length; step += 1) {
      const place = (start + step) % items.length;
      if (!answers.get(items[place].item_id)) return place;
    }
    return items.length;
  };

  // What is shown
  const say = (text, calm = false) => {
    $("message").classList.toggle("calm", calm);
    $("message").textContent = text;
  };
  const showProgress = () => {
    const done = answers.size();
    $("bar").value = done;
    const times = answers.list().map(([, answer]) => answer.seconds);
    const taken = times.filter((one) => one > 0).sort((a, b) => a - b);
    const left = taken.length < 3 ? 0 : ((items.length - done) * taken[Math.floor(taken.length / 2)]) / 60;
    const rest = done === items.length || !left ? "" : ` · about ${Math.max(1, Math.round(left))} min left`;
    $("count").textContent = `${done} of ${items.length} answered${rest}`;
  };
  const showKeeping = () => {
    const waiting = sender.unsent();
    const lines = [];
    if (waiting && sender.reason()) {
      const where = shelf.isDurable() ? "kept in this browser" : "kept only as long as this page is open";
      lines.push(`Not on the server yet: ${plural(waiting, "answer")}, ${where}. Trying again (${sender.reason()}).`);
    } else if (payload.mode === "static" && !shelf.isDurable()) {
      lines.push("This browser keeps nothing for this page: export the answers before you close it, or use another browser.");
    }
    if (exportNote) lines.push(exportNote);
    const text = lines.join(" ");
    if ($("notice").textContent !== text) $("notice").textContent = text;
    $("notice").hidden = !text;
    if (finished()) showFinish();
  };
  const showWords = () => {
    const some = !draft.whole && fitting(draft) > 0;
    for (const row of $("words").children) {
      const index = Number(row.dataset.word);
      const chosen = chosenOf(draft, index);
      row.classList.toggle("current", index === cursor);
      row.classList.toggle("assumed", some && !chosen);
      for (const input of row.querySelectorAll("input")) input.checked = input.value === chosen;
    }
    $("none").checked = draft.whole === "none";
    $("cant-tell").checked = draft.whole === "cant_tell";
    $("undo").disabled = !answers.size();
    $("previous").disabled = position === 0;
    $("next").disabled = position >= items.length - 1 && answers.size() < items.length;
    showSummary(some);
  };
  const showSummary = (some) => {
    const saved = sameAnswer(answers.get(current().item_id), answerOf(current(), draft));
    $("summary").textContent = `${summary(some)}${saved ? " Saved." : ""}`.trim();
  };
  const summary = (some) => {
    if (draft.whole) return draft.whole === "none" ? "None of them fits." : "You cannot tell.";
    if (!some) return "";
    const untouched = current().words.filter((word, index) => !draft.chosen[index]).length;
    const rest = untouched === 1 ? " 1 left untouched counts as none." : ` ${untouched} left untouched count as none.`;
    return `${plural(fitting(draft), thing)} chosen.${untouched ? rest : ""}`;
  };
  const wordRow = (word, index) => {
    const legend = make("legend", { dir: "auto" });
    if (word.before || word.after) legend.append(word.before, make("mark", { textContent: word.word }), word.after);
    else legend.append(make(payload.shows === "sentences" ? "mark" : "span", { textContent: word.word }));
    if (word.note) legend.append(make("small", { textContent: ` ${word.note}` }));
    const choices = RELATIONS.map((relation) => make("label", { className: relation },
      make("input", { type: "radio", name: `word-${index}`, value: relation }),
      make("span", { textContent: LABELS[relation] })));
    const number = make("span", { className: "number", textContent: String(index + 1) });
    number.setAttribute("aria-hidden", "true");
    const row = make("fieldset", { className: "word", tabIndex: -1 }, legend, number, make("div", { className: "choices" }, ...choices));
    row.dataset.word = String(index);
    return row;
  };
  const show = (place, focus = true) => {
    position = Math.max(0, Math.min(items.length, place));
    say("");
    $("said").textContent = "";
    $("rating").hidden = finished();
    $("finish").hidden = !finished();
    $("strip").hidden = finished();
    if (finished()) {
      clock.start("", 0);
      showFinish();
      if (focus) $("finish-heading").focus();
      return;
    }
    const item = current();
    const kept = shelf.get(`draft:${item.item_id}`);
    const saved = answers.get(item.item_id);
    draft = kept?.draft || draftOf(item, saved);
    cursor = 0;
    clock.start(item.item_id, kept?.seconds ?? saved?.seconds);
    $("heading").textContent = `Item ${position + 1} of ${items.length}`;
    document.title = `${position + 1}/${items.length} · ${payload.annotator} · annotation`;
    $("boxed-image").src = item.boxed;
    $("crop-image").src = item.crop;
    $("words").replaceChildren(...item.words.map(wordRow));
    showWords();
    preload(items[nextOpen(position + 1)]);
    window.scrollTo(0, 0);
    if (focus) $("heading").focus({ preventScroll: true });
  };
  const preload = (item) => {
    if (item) for (const url of [item.boxed, item.crop]) new Image().src = url;
  };
  const showFinish = () => {
    const all = answers.list();
    const count = (state) => all.filter(([, answer]) => answer.state === state).length;
    const minutes = all.reduce((sum, [, answer]) => sum + (answer.seconds || 0), 0) / 60;
    const waiting = sender.unsent();
    $("finish-heading").textContent = `All ${items.length} items are answered. Thank you.`;
    const rows = [
      ["Something fits", count("selected")], ["None of them", count("none")],
      ["Can’t tell", count("cant_tell")], ["Minutes", minutes.toFixed(1)],
    ];
    $("counts").replaceChildren(...rows.map(([name, value]) => make("div", {},
      make("dt", { textContent: name }), make("dd", { textContent: String(value) }))));
    let text = "All answers are on the server. You can close this page.";
    if (payload.mode === "static") {
      text = "Export the answers now and send the file to whoever asked you. They stay in this browser too.";
    } else if (waiting) {
      text = `${plural(waiting, "answer")} still on the way to the server: leave this page open.`;
    }
    if ($("finish-text").textContent !== text) $("finish-text").textContent = text;
    document.title = `Done · ${payload.annotator} · annotation`;
  };

  // What can be done
  const keepDraft = (spoken = "") => {
    const id = current().item_id;
    shelf.set(`draft:${id}`, { draft, seconds: clock.seconds(id) });
    exportNote = "";
    say("");
    showWords();
    showKeeping();
    $("said").textContent = `${spoken} ${$("summary").textContent}`.trim();
  };
  const moveTo = (index, focus = true) => {
    cursor = (index + current().words.length) % current().words.length;
    showWords();
    if (focus) $("words").children[cursor].focus();
  };
  const setRelation = (relation) => {
    draft = choose(draft, cursor, relation);
    keepDraft(`${current().words[cursor].word}: ${relation}.`);
  };
  const setWhole = (whole) => {
    draft = chooseWhole(draft, whole);
    keepDraft();
  };
  const save = () => {
    const item = current();
    const answer = answerOf(item, draft);
    if (!answer) {
      say(`Not saved yet: choose a relation for a ${thing}, “None of them” or “Can’t tell”.`);
      return;
    }
    if (!sameAnswer(answers.get(item.item_id), answer)) answers.save(item.item_id, answer, clock.seconds(item.item_id));
    shelf.remove(`draft:${item.item_id}`);
    exportNote = "";
    showKeeping();
    sender.send();
    show(nextOpen(position + 1));
  };
  const undo = () => {
    const itemId = answers.last();
    if (itemId === undefined) return;
    const place = items.findIndex((item) => item.item_id === itemId);
    const answer = answers.get(itemId);
    shelf.set(`draft:${itemId}`, { draft: draftOf(items[place], answer), seconds: answer.seconds });
    answers.withdraw(itemId);
    sender.send();
    show(place);
    say("The last answer is taken back: change it and save it again.", true);
  };
  const look = (step) => {
    const end = answers.size() === items.length ? items.length : items.length - 1;
    if (position + step >= 0 && position + step <= end) show(position + step);
  };
  const download = () => {
    const blob = new Blob([exported(payload, answers.list())], { type: "application/jsonl" });
    const link = make("a", { href: URL.createObjectURL(blob), download: `ratings-${payload.annotator}.jsonl` });
    document.body.append(link);
    link.click();
    link.remove();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    exportedSize = answers.size();
    exportNote = `${plural(answers.size(), "answer")} of ${items.length} exported to ${link.download}.`;
    showKeeping();
  };
  const help = () => {
    const details = $("help");
    details.open = !details.open;
    shelf.set("help-seen", true);
    if (!details.open) {
      if (details.contains(document.activeElement)) $(finished() ? "finish-heading" : "heading").focus();
      return;
    }
    details.scrollIntoView({ block: "nearest" });
    details.querySelector("summary").focus();
  };

  // Enlarged pictures
  const zoom = makeZoom($, () => current());

  // Keys
  const KEYS = {
    ArrowUp: () => moveTo(cursor - 1), ArrowDown: () => moveTo(cursor + 1),
    ArrowLeft: () => look(-1), ArrowRight: () => look(1),
    c: () => setRelation("concrete"), a: () => setRelation("abstract"), g: () => setRelation("global"), n: () => setRelation("none"),
    " ": () => setRelation(RELATIONS[(RELATIONS.indexOf(chosenOf(draft, cursor)) + 1) % RELATIONS.length]),
    x: () => setWhole("none"), 0: () => setWhole("none"), "?": () => setWhole("cant_tell"),
    Enter: save, z: () => zoom.open("boxed"), h: help, u: undo, Backspace: undo,
  };
  const onFinish = new Set(["ArrowLeft", "u", "Backspace", "h"]);
  const native = (target, key) => {
    // Space and Enter stay what they are everywhere on controls that they press.
    const pressed = target.closest("button, summary, a");
    const ticked = target.closest("input");
    return (pressed && (key === " " || key === "Enter")) || (ticked && key === " ");
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (zoom.isOpen()) {
      zoom.key(event);
      return;
    }
    if (!$("shortcuts").checked || native(event.target, event.key)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (finished() && !onFinish.has(key)) return;
    if (event.repeat && !key.startsWith("Arrow")) return;
    const word = /^[1-9]$/.test(key) ? Number(key) - 1 : -1;
    if (word >= current()?.words.length) return;
    const action = word >= 0 ? () => moveTo(word) : KEYS[key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  // Mouse and touch
  $("words").addEventListener("change", (event) => {
    cursor = Number(event.target.closest("fieldset").dataset.word);
    setRelation(event.target.value);
  });
  $("words").addEventListener("focusin", (event) => {
    const index = Number(event.target.closest("fieldset").dataset.word);
    if (index !== cursor) moveTo(index, false);
  });
  const clicks = {
    boxed: () => zoom.open("boxed"), crop: () => zoom.open("crop"), undo, previous: () => look(-1), next: () => look(1), export: download, "finish-export": download,
    "finish-back": () => show(items.length - 1), "help-button": help,
  };
  for (const [id, action] of Object.entries(clicks)) $(id).addEventListener("click", () => action());
  // After a click the focus goes back to the item, so that Enter does not press the button again.
  const unpress = (event) => {
    if (event.detail && !zoom.isOpen()) $(finished() ? "finish-heading" : "heading").focus({ preventScroll: true });
  };
  for (const id of ["export", "finish-export", "zoom"]) $(id).addEventListener("click", unpress);
  $("none").addEventListener("change", () => setWhole("none"));
  $("cant-tell").addEventListener("change", () => setWhole("cant_tell"));
  $("form").addEventListener("submit", (event) => { event.preventDefault(); save(); });
  $("shortcuts").checked = shelf.get("shortcuts") !== false;
  $("shortcuts").addEventListener("change", () => shelf.set("shortcuts", $("shortcuts").checked));
  $("help").addEventListener("toggle", () => { if (!$("help").open) shelf.set("help-seen", true); });
  window.addEventListener("pagehide", () => {
    if (!finished() && !isEmpty(draft) && shelf.get(`draft:${current().item_id}`)) keepDraft();
  });
  window.addEventListener("storage", (event) => {
    if (payload.mode !== "static" || !shelf.owns(event.key)) return;
    answers.read(); // answered in another tab
    showProgress();
    showKeeping();
  });
  window.addEventListener("beforeunload", (event) => {
    const open = payload.mode === "static" ? exportedSize !== answers.size() : sender.unsent() > 0;
    if (!shelf.isDurable() && answers.size() && open) event.preventDefault();
  });

  $("help").open = !answers.size() && !shelf.get("help-seen");
  showProgress();
  show(nextOpen(0), answers.size() > 0);
  showKeeping();
  sender.send();
})();
