// The controls show the state, and the legend what the shades of the cells mean.

const imageName = (image) => image.source || image.id;

const lensOptions = (book) => [
  ["lenses", "all lenses"],
  ...(kindIs(book, "control").length ? [["all", "lenses and controls"]] : []),
  ...book.lenses.map((lens) => [lens.name, lens.name]),
];

const makeControls = (index) => {
  const fill = (id, options, value) => {
    const select = field(id);
    const key = JSON.stringify(options);
    if (select.dataset.key !== key) {
      select.replaceChildren(...options.map(([option, text]) => make("option", { value: option }, text)));
      select.dataset.key = key;
    }
    select.value = String(value);
  };
  const draw = (state) => {
    const book = index.books[state.book];
    const judged = book.judges.length > 0;
    const twice = new Set(index.books.map((each) => each.model)).size < index.books.length;
    fill("x-book", index.books.map((each, i) => [i, twice ? `${each.model} ${each.run}` : each.model]), state.book);
    fill("x-image", book.images.map((image, i) => [i, `${i + 1}. ${imageName(image)}`]), state.image);
    fill("x-lens", lensOptions(book), state.lens);
    fill("x-judge", book.judges.map((name, i) => [i, name]), state.judge);
    fill("x-shade", Object.entries(SHADES).filter(([name]) => (judged || name !== "verdict") && (state.word !== null || name !== "word")), state.shade);
    const shows = Object.entries(SHOWS).filter(([name]) => (name !== "judges" || book.judges.length > 1)
      && (name !== "controls" || kindIs(book, "control").length));
    fill("x-show", shows.map(([name, { name: text }]) => [name, text]), state.show);
    field("x-any").value = state.any ? "1" : "";
    field("x-order").value = state.order;
    field("x-seed").value = state.seed;
    field("x-book-label").hidden = index.books.length < 2;
    field("x-judge-label").hidden = book.judges.length < 2;
    field("x-show-label").hidden = !judged;
    field("x-any-label").hidden = !judged || state.show === "all";
    field("x-seed-label").hidden = state.order !== "random";
    field("x-relations").hidden = !judged;
    field("x-all").checked = state.view === "all";
    const slider = field("x-layer");
    slider.max = book.layers.length - 1;
    slider.value = state.layer;
    const layer = book.layers[state.layer];
    const name = `layer ${layer}${book.same.includes(layer) ? ", same vector as layer 0" : ""}`;
    slider.setAttribute("aria-valuetext", name);
    field("x-layer-name").textContent = name;
    if (field("x-ticks").childElementCount !== book.layers.length) {
      field("x-ticks").replaceChildren(...book.layers.map((each, i) => make("option", { value: i, label: each })));
    }
    field("x-image-previous").setAttribute("aria-disabled", String(state.image === 0));
    field("x-image-next").setAttribute("aria-disabled", String(state.image === book.images.length - 1));
  };

  const sample = (look, text) => make("li", {}, make("span", { class: `x-sample x-cell ${look}` }), text);
  const legend = (state, { range, says }, lenses) => {
    const book = index.books[state.book];
    const judged = book.judges.length > 0;
    const some = lenses.length > 1;
    const looks = [
      sample("judged", judged ? "judged" : "sampled"),
      ...(book.images.some((image) => image.browse !== null) ? [sample("browse", "words only")] : []),
    ];
    const words = { hit: some ? "some lens hit" : "hit", miss: some ? "no lens hit" : "miss", unscored: "unscored" };
    let what = "";
    if (state.shade === "verdict") {
      looks.push(...Object.entries(words).map(([look, text]) => sample(look, text)));
      what = `Shaded by the verdict of ${book.judges[state.judge]}, ${some ? "lenses together" : book.lenses[lenses[0]].name}, layer ${book.layers[state.layer]}.`;
    } else if (state.shade === "score") {
      const lens = book.lenses[lenses[0]];
      const places = decimals(book.scale[lenses[0]][1]);
      if (range) looks.push(sample("score-0", range[0].toFixed(places)), sample(`score-${STEPS - 1}`, range[1].toFixed(places)));
      what = `Shaded by the ${lens.score || "score"} of the first word of ${lens.name}, layer ${book.layers[state.layer]}${range ? "" : ": no scores here"}.`;
    }
    if (state.shade === "word") {
      const who = some ? "the lenses" : book.lenses[lenses[0]].name;
      looks.push(sample("says", "says the word"));
      what = `The word “\u2068${BLANK.test(state.word) ? "␣" : state.word}\u2069” of ${who}, layer ${book.layers[state.layer]}: ${plural(says, "cell", "cells")}.`;
    }
    field("x-shading").textContent = what;
    field("x-legend").replaceChildren(...looks);
  };
  return { draw, legend };
};
