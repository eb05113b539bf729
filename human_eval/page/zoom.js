// The pictures enlarged: one at a time, to the size of the window and beyond.

const SCALES = [1, 1.5, 2, 3, 4];

const makeZoom = ($, current) => {
  const dialog = $("zoom");
  const view = $("zoom-view");
  const image = $("zoom-image");
  const TITLES = { boxed: "Picture with the red box", crop: "Close-up of the red box" };
  let which = "boxed";
  let scale = 0;
  /** Fit the picture into the window, then scale it; the middle of the view stays in the middle. */
  const fit = () => {
    if (!image.naturalWidth) return;
    const x = (view.scrollLeft + view.clientWidth / 2) / Math.max(1, view.scrollWidth);
    const y = (view.scrollTop + view.clientHeight / 2) / Math.max(1, view.scrollHeight);
    const whole = Math.min(view.clientWidth / image.naturalWidth, view.clientHeight / image.naturalHeight);
    image.width = Math.floor(image.naturalWidth * whole * SCALES[scale]);
    view.scrollLeft = x * view.scrollWidth - view.clientWidth / 2;
    view.scrollTop = y * view.scrollHeight - view.clientHeight / 2;
    $("zoom-out").disabled = scale === 0;
    $("zoom-in").disabled = scale === SCALES.length - 1;
  };
  const draw = () => {
    image.src = current()[which];
    image.alt = TITLES[which];
    $("zoom-title").textContent = TITLES[which];
    $("zoom-other").textContent = which === "boxed" ? "Show the close-up" : "Show the picture";
    fit();
  };
  const open = (name) => {
    which = name;
    scale = 0;
    if (!dialog.open) dialog.showModal();
    draw();
    view.focus();
  };
  const rescale = (step) => {
    scale = Math.max(0, Math.min(SCALES.length - 1, scale + step));
    fit();
  };
  const other = () => { scale = 0; which = which === "boxed" ? "crop" : "boxed"; draw(); };
  image.addEventListener("load", fit);
  window.addEventListener("resize", () => { if (dialog.open) fit(); });
  view.addEventListener("click", () => dialog.close());
  $("zoom-other").addEventListener("click", other);
  $("zoom-out").addEventListener("click", () => rescale(-1));
  $("zoom-in").addEventListener("click", () => rescale(1));
  $("zoom-close").addEventListener("click", () => dialog.close());
  const KEYS = {
    z: () => (which === "boxed" ? other() : dialog.close()), "+": () => rescale(1), "=": () => rescale(1), "-": () => rescale(-1),
  };
  return {
    open,
    isOpen: () => dialog.open,
    key(event) {
      const action = KEYS[event.key.toLowerCase()];
      if (!action || event.repeat) return;
      event.preventDefault();
      action();
    },
  };
};
