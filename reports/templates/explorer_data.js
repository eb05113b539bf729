// The packed words: chunks of the page are decoded when they are asked for, and a few are kept.

const SLICE = 1 << 18;
const CHUNKS_KEPT = 16;
const PLANES = { u8: 1, u16: 2, u32: 4 };
const MISS = 0;
const HIT = 1;
const UNSCORED = 2;

// Base64 of raw deflate, fed in slices so that the page stays alive.
const inflated = async (number) => {
  const text = field(`x-chunk-${number}`).textContent.trim();
  const stream = new DecompressionStream("deflate-raw");
  const feed = async () => {
    const writer = stream.writable.getWriter();
    for (let at = 0; at < text.length; at += SLICE) {
      if (at) await pause();
      const raw = atob(text.slice(at, at + SLICE));
      const bytes = new Uint8Array(raw.length);
      for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
      await writer.write(bytes);
    }
    await writer.close();
  };
  const [buffer] = await Promise.all([new Response(stream.readable).arrayBuffer(), feed()]);
  return new Uint8Array(buffer);
};

// One column: all low bytes, then all bytes above them.
const column = (bytes, length, planes) => {
  if (planes === 1) return bytes;
  const values = new Uint32Array(length);
  for (let plane = 0; plane < planes; plane += 1) {
    const from = plane * length;
    for (let i = 0; i < length; i += 1) values[i] |= bytes[from + i] << (8 * plane);
  }
  return values;
};

const numbered = (columns, name) => {
  const found = [];
  while (columns[`${name}${found.length}`]) found.push(columns[`${name}${found.length}`]);
  return found;
};

// Position of a question in the columns; -1 if its lens or layer is not among them.
const questions = ({ lenses, layers }) => {
  const [lensAt, layerAt] = [lenses, layers].map((list) => new Map(list.map((each, i) => [each, i])));
  return (p, lens, layer) => (lensAt.has(lens) && layerAt.has(layer)
    ? (p * lensAt.size + lensAt.get(lens)) * layerAt.size + layerAt.get(layer) : -1);
};

// Cells of one image: words of (cell, lens, layer) are answer[offset[q]] to answer[offset[q + 1]].
const cellTable = (bytes) => {
  const start = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  const columns = {};
  let at = start;
  for (const [name, type, length] of header.columns) {
    const size = length * PLANES[type];
    columns[name] = column(bytes.subarray(at, at + size), length, PLANES[type]);
    at += size;
  }
  const offset = new Uint32Array(columns.count.length + 1);
  columns.count.forEach((count, q) => { offset[q + 1] = offset[q] + count; });
  const places = new Map();
  columns.row.forEach((row, p) => places.set(`${row},${columns.col[p]}`, p));
  return {
    ...columns,
    offset,
    places,
    lenses: header.lenses,
    cells: columns.row.length,
    status: numbered(columns, "status"),
    hit: numbered(columns, "hit"),
    relation: numbered(columns, "relation"),
    reason: numbered(columns, "reason"),
    question: questions(header),
  };
};

const makeStore = () => {
  const index = JSON.parse(field("explorer-index").textContent);
  const recent = new Map();
  const verdicts = new Map();
  const answers = new Map();
  const chunk = (number) => {
    const found = recent.get(number) || inflated(number).then(cellTable);
    recent.delete(number);
    recent.set(number, found);
    if (recent.size > CHUNKS_KEPT) recent.delete(recent.keys().next().value);
    return found;
  };
  const optional = (number) => (number === null ? null : chunk(number));
  return {
    index,
    answers: (book) => {
      if (!answers.has(book)) {
        answers.clear();
        const read = inflated(index.books[book].answers);
        answers.set(book, read.then((bytes) => JSON.parse(new TextDecoder().decode(bytes))));
      }
      return answers.get(book);
    },
    // Judged cells and other described cells of one image; either may be null.
    tables: async (book, image) => {
      const { patches, browse } = index.books[book].images[image];
      const [judged, other] = await Promise.all([optional(patches), optional(browse)]);
      return { judged, other };
    },
    // Verdicts alone are small and are kept for all images, so that filters read a chunk once.
    verdicts: async (book, image) => {
      const key = `${book}:${image}`;
      const number = index.books[book].images[image].patches;
      if (number !== null && !verdicts.has(key)) {
        const table = await chunk(number);
        verdicts.set(key, { cells: table.cells, question: table.question, hit: table.hit.map((each) => each.slice()) });
      }
      return verdicts.get(key) || null;
    },
  };
};
