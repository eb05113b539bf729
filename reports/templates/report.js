"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  for (const form of all("form")) form.addEventListener("submit", (event) => event.preventDefault());

  // One model at a time, where the report has several.
  const model = document.getElementById("model-select");
  if (model) {
    const show = () => {
      for (const part of all("[data-model]")) part.hidden = part.dataset.model !== model.value;
    };
    model.addEventListener("change", show);
    show();
  }

  // One judge and definition at a time, for each model.
  for (const select of all(".panel-select")) {
    const panels = all(".panel", select.closest("[data-model]"));
    const show = () => panels.forEach((panel) => { panel.hidden = panel.dataset.panel !== select.value; });
    select.addEventListener("change", show);
    show();
  }

  // Paper has no folds.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const fold of folded) fold.open = true;
  });
  addEventListener("afterprint", () => { for (const fold of folded) fold.open = false; });

  const save = document.getElementById("save-report");
  if (save) {
    save.addEventListener("click", async () => {
      const packed = atob(document.getElementById("report-data").textContent);
      const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await new Response(stream).blob());
      link.download = "report.json";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  }
})();
