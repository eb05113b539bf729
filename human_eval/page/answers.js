"use strict";
// What somebody has decided on an item so far, and the answer that it makes. No page in here.

const RELATIONS = ["concrete", "abstract", "global", "none"];

/** A draft: relations by position of the word on the page, or one answer for all of them. */
const emptyDraft = () => ({ chosen: {}, whole: "" });

const isEmpty = (draft) => !draft.whole && Object.keys(draft.chosen).length === 0;

/** Return the relation a word shows as chosen, or "" if it is untouched. */
const chosenOf = (draft, word) => {
  if (draft.whole === "none") return "none";
  return draft.whole ? "" : draft.chosen[word] || "";
};

const choose = (draft, word, relation) => {
  // What was said for all words is replaced: the two would contradict each other.
  const chosen = draft.whole ? {} : { ...draft.chosen };
  return { chosen: { ...chosen, [word]: relation }, whole: "" };
};

/** Say something for all words, or take it back; the words chosen before then show again. */
const chooseWhole = (draft, whole) => ({ ...draft, whole: draft.whole === whole ? "" : whole });

const fitting = (draft) => Object.values(draft.chosen).filter((one) => one !== "none").length;

/** Return the answer {state, relations} that a draft makes of an item, or null if it is undecided. */
const answerOf = (item, draft) => {
  if (draft.whole === "cant_tell") return { state: "cant_tell", relations: [] };
  const relations = new Array(item.places).fill("none");
  if (draft.whole === "none") return { state: "none", relations };
  item.words.forEach((word, index) => {
    for (const place of word.places) relations[place] = draft.chosen[index] || "none";
  });
  if (fitting(draft) > 0) return { state: "selected", relations };
  const all = item.words.every((word, index) => draft.chosen[index]);
  return all ? { state: "none", relations } : null;
};

/** Return the draft that shows a saved answer. */
const draftOf = (item, answer) => {
  if (!answer) return emptyDraft();
  if (answer.state !== "selected") return { chosen: {}, whole: answer.state };
  const chosen = {};
  item.words.forEach((word, index) => { chosen[index] = answer.relations[word.places[0]]; });
  return { chosen, whole: "" };
};

const sameAnswer = (one, other) =>
  Boolean(one && other) && one.state === other.state && String(one.relations) === String(other.relations);

/** Tell whether a stored answer can be one to this item. */
const fitsItem = (item, answer) => {
  if (!item || !answer || !Array.isArray(answer.relations)) return false;
  const known = answer.relations.every((one) => RELATIONS.includes(one));
  const wanted = answer.state === "selected" || answer.state === "none" ? item.places : 0;
  return known && answer.relations.length === wanted && ["selected", "none", "cant_tell", "withdrawn"].includes(answer.state);
};

/** Return the answers as text to export: a line about the file, then one line per answer. */
const exported = (payload, answers) => {
  const lines = answers.map(([itemId, answer]) => JSON.stringify({
    item_id: itemId, annotator: payload.annotator, state: answer.state, relations: answer.relations,
    seconds: answer.seconds, at: answer.at, session: answer.session,
  }));
  const head = { format: "lensbench-ratings", version: 1, study: payload.study, annotator: payload.annotator, ratings: lines.length };
  return [JSON.stringify(head), ...lines, ""].join("\n");
};
