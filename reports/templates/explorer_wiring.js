// What keys, fields and buttons do.

const wire = ({ state, picture, change, seekWith, step, go, end, toImage, toLayer, toBook, random, copy }) => {
  const onKey = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const keys = {
      ArrowLeft: () => go(0, -1), ArrowRight: () => go(0, 1), ArrowUp: () => go(-1, 0), ArrowDown: () => go(1, 0),
      Home: () => end(0), End: () => end(-1),
      PageUp: () => toImage(state.image - 1), PageDown: () => toImage(state.image + 1),
      "+": () => toLayer(state.layer + 1), "=": () => toLayer(state.layer + 1), "]": () => toLayer(state.layer + 1),
      "-": () => toLayer(state.layer - 1), "[": () => toLayer(state.layer - 1),
      n: () => step(1), p: () => step(-1),
      Enter: () => change({ pinned: true }, { focus: true }), " ": () => change({ pinned: true }, { focus: true }),
      Escape: () => change({ pinned: false }),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  };
  const on = (id, does) => field(id).addEventListener("change", (event) => does(event.target.value));
  on("x-book", (value) => toBook(Number(value)));
  on("x-image", (value) => toImage(Number(value)));
  on("x-lens", (lens) => (state.show === "all" ? change({ lens }) : seekWith({ lens })));
  on("x-judge", (value) => change({ judge: Number(value) }));
  on("x-shade", (shade) => change({ shade }));
  on("x-show", (show) => seekWith({ show }));
  on("x-any", (value) => seekWith({ any: value === "1" }));
  on("x-order", (order) => change({ order }));
  on("x-seed", (value) => change({ seed: Math.min(999999999, Math.max(0, Math.floor(Number(value)) || 0)) }));
  field("x-all").addEventListener("change", (event) => change({ view: event.target.checked ? "all" : "one" }));
  field("x-layer").addEventListener("input", (event) => toLayer(Number(event.target.value)));
  field("x-previous").addEventListener("click", () => step(-1));
  field("x-next").addEventListener("click", () => step(1));
  field("x-image-previous").addEventListener("click", () => toImage(state.image - 1));
  field("x-image-next").addEventListener("click", () => toImage(state.image + 1));
  field("x-random").addEventListener("click", random);
  field("x-copy").addEventListener("click", copy);
  picture.grid.addEventListener("keydown", onKey);
  for (const form of field("x-app").querySelectorAll("form")) form.addEventListener("submit", (event) => event.preventDefault());
};
