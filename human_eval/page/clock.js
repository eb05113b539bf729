// Time spent on each item: it runs while the page is seen and somebody is there.

const IDLE_MS = 120000;

const makeClock = () => {
  const spent = new Map();
  let item = "";
  let since = null;
  let active = 0;
  const settle = () => {
    const now = performance.now();
    if (since === null) return;
    const end = Math.min(now, active + IDLE_MS);
    spent.set(item, (spent.get(item) || 0) + Math.max(0, end - since));
    since = now > end ? null : now;
  };
  const touch = () => {
    settle();
    active = performance.now();
    if (since === null && item && !document.hidden) since = active;
  };
  document.addEventListener("visibilitychange", () => {
    settle();
    if (document.hidden) since = null;
    else touch();
  });
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchmove", "scroll"]) {
    window.addEventListener(kind, touch, { passive: true, capture: true });
  }
  return {
    /** Go over to another item; "" stops the clock. */
    start(next, seconds) {
      settle();
      since = null;
      item = next;
      if (item && !spent.has(item)) spent.set(item, (seconds || 0) * 1000);
      touch();
    },
    /** Return the seconds spent on an item, to a tenth. */
    seconds(itemId) {
      settle();
      return Math.round((spent.get(itemId) || 0) / 100) / 10;
    },
  };
};
