// Making elements. Data gets into the page as text only, never as markup.

const field = (id) => document.getElementById(id);

const make = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== ""));
  return node;
};

// Lets the browser paint and answer before the next piece of work.
const pause = () => new Promise((done) => setTimeout(done));

// Spaces, controls and characters of no width: a word of nothing else cannot be seen.
const BLANK = /^[\s\p{Cc}\p{Cf}]*$/u;

const wordText = (word) => {
  if (!BLANK.test(word)) return [make("bdi", {}, word)];
  return [make("span", { "aria-hidden": "true" }, "␣"), make("span", { class: "x-unseen" }, "blank word")];
};

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
