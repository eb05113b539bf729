// Where answers are kept: in the browser at once, and on the server as soon as it takes them.

/** Storage of this browser under keys of this study and annotator; in memory if it refuses. */
const makeShelf = (payload) => {
  const prefix = `lensbench:${payload.study}:${payload.annotator}:`;
  const memory = new Map();
  let durable = true;
  const local = (action) => {
    try {
      return action(window.localStorage);
    } catch {
      durable = false; // switched off, or full
      return null;
    }
  };
  local((storage) => { storage.setItem(`${prefix}test`, "1"); storage.removeItem(`${prefix}test`); });
  return {
    isDurable: () => durable,
    get(key) {
      const text = memory.has(key) ? memory.get(key) : local((storage) => storage.getItem(prefix + key));
      try {
        return text === null || text === undefined ? null : JSON.parse(text);
      } catch {
        return null; // not written by this page
      }
    },
    set(key, value) {
      const text = JSON.stringify(value);
      const kept = local((storage) => { storage.setItem(prefix + key, text); return true; });
      if (kept) memory.delete(key);
      else memory.set(key, text);
    },
    remove(key) {
      memory.delete(key);
      local((storage) => storage.removeItem(prefix + key));
    },
    owns: (key) => key === null || key.startsWith(prefix),
  };
};

/** Latest answers by item id. Changes are on the shelf before anything is sent. */
const makeAnswers = (payload, shelf, changed) => {
  const items = new Map(payload.items.map((item) => [item.item_id, item]));
  const answers = new Map();
  const read = () => {
    answers.clear();
    for (const [itemId, item] of items) {
      const kept = [shelf.get(`answer:${itemId}`), payload.saved[itemId]];
      const answer = kept.find((one) => fitsItem(item, one));
      if (answer && answer.state !== "withdrawn") answers.set(itemId, answer);
    }
  };
  read();
  const times = [...answers.values()].map((answer) => Date.parse(answer.at)).filter(Number.isFinite);
  let latest = Math.max(0, ...times);
  const bytes = [...crypto.getRandomValues(new Uint8Array(8))];
  const session = shelf.get("session") || bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  shelf.set("session", session);
  const store = (itemId, state, relations, seconds) => {
    latest = Math.max(Date.now(), latest + 1); // in the order of saving, whatever the clock does
    const answer = { state, relations, seconds, at: new Date(latest).toISOString(), session };
    shelf.set(`answer:${itemId}`, answer);
    if (state === "withdrawn") {
      answers.delete(itemId);
      if (payload.mode === "static") shelf.remove(`answer:${itemId}`);
    } else {
      answers.set(itemId, answer);
    }
    changed();
  };
  return {
    read,
    get: (itemId) => answers.get(itemId),
    size: () => answers.size,
    /** Return [item id, answer] in the order of the items. */
    list: () => [...items.keys()].filter((itemId) => answers.has(itemId)).map((itemId) => [itemId, answers.get(itemId)]),
    save: (itemId, answer, seconds) => store(itemId, answer.state, answer.relations, seconds),
    withdraw: (itemId) => store(itemId, "withdrawn", [], null),
    /** Return the item id answered last, or undefined. */
    last: () => [...answers].sort(([, a], [, b]) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).at(-1)?.[0],
  };
};

/** Send what is on the shelf to the server, one after the other, again and again until it is there. */
const makeSender = (payload, shelf, report) => {
  const waits = [1000, 2000, 5000, 10000, 30000];
  let failures = 0;
  let running = false;
  let timer = 0;
  let reason = "";
  const unsent = () => payload.items
    .map((item) => [item.item_id, shelf.get(`answer:${item.item_id}`), item])
    .filter(([, answer, item]) => fitsItem(item, answer))
    .sort(([, a], [, b]) => (a.at < b.at ? -1 : 1));
  const post = async (itemId, answer) => {
    const response = await fetch(payload.save, {
      method: "POST", headers: { "Content-Type": "application/json" }, redirect: "error",
      keepalive: true, signal: AbortSignal.timeout(20000),
      body: JSON.stringify({ item_id: itemId, ...answer }),
    });
    return response.ok ? "" : (await response.text()).slice(0, 200) || `status ${response.status}`;
  };
  const pass = async () => {
    let taken = 0;
    reason = "";
    for (const [itemId, answer] of unsent()) {
      const refused = await post(itemId, answer);
      if (refused) {
        reason = refused;
        continue;
      }
      taken += 1;
      // It may have been answered again meanwhile: that answer still has to go.
      const now = shelf.get(`answer:${itemId}`);
      if (now && now.at === answer.at) {
        if (answer.state === "withdrawn") delete payload.saved[itemId];
        else payload.saved[itemId] = answer;
        shelf.remove(`answer:${itemId}`);
      }
    }
    return taken;
  };
  const send = async () => {
    if (payload.mode !== "server" || running) return;
    running = true;
    window.clearTimeout(timer);
    try {
      while (unsent().length && await pass() > 0);
    } catch (error) {
      // What fetch throws if there is no connection, and if the time is up.
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
      reason = "no connection";
    } finally {
      running = false;
    }
    failures = unsent().length ? failures + 1 : 0;
    if (failures) timer = window.setTimeout(send, waits[Math.min(failures, waits.length) - 1]);
    report();
  };
  window.addEventListener("online", send);
  return { send, unsent: () => (payload.mode === "server" ? unsent().length : 0), reason: () => reason };
};
