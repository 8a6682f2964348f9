// Images of this session, their versions, and the one queue in which they are restored.

import * as api from "./api.js";
import { pixels } from "./images.js";
import { t } from "./words.js";

let count = 0;

/** One image: its file, its pixels, and every version that was made of it. */
class Item {
  constructor(file) {
    Object.assign(this, { id: ++count, file, name: file.name, bitmap: null, runs: [], state: "waiting", error: "", trouble: null, opened: 0, layers: {} });
  }
}

export class Session extends EventTarget {
  /** Decoded pixels that are kept at most, those of the current image beyond. */
  static mostPixels = 150_000_000;

  constructor() {
    super();
    Object.assign(this, { items: [], current: null, queue: [], doing: null, limits: {} });
  }

  /** Take in files; the first of them becomes the current one. */
  add(files, recipe) {
    const items = files.map((file) => new Item(file));
    this.items.push(...items);
    if (items.length) this.open(items[0], recipe);
  }

  /** Show an image; one that nobody has restored yet is restored. */
  async open(item, recipe) {
    this.current = item;
    item.opened = ++count;
    this.#changed();
    if (item.state === "reading") return;
    if (item.runs.length && !item.bitmap) await this.#wake(item);
    if (!item.bitmap) await this.#read(item, recipe);
    if (item.bitmap && !item.runs.length && item.state === "waiting") this.restore(item, recipe);
  }

  /** Restore an image with settings once more, after what is in the queue. */
  restore(item, recipe) {
    if (this.queue.some((one) => one.item === item) || this.doing?.item === item) return;
    this.queue.push({ item, recipe });
    this.#next();
  }

  /** Images that wait for somebody to open them. */
  get untouched() {
    return this.items.filter((item) => !item.runs.length && item.state === "waiting" && !this.queue.some((one) => one.item === item));
  }

  /** Stop what is being done, and whatever waits. */
  stop() {
    this.queue = [];
    this.doing?.control.abort();
  }

  async #read(item, recipe) {
    item.state = "reading";
    this.#changed();
    try {
      this.#check(item.file);
      item.bitmap = await pixels(item.file, viewOptions(recipe.options));
      item.state = "waiting";
    } catch (error) {
      this.#failed(item, error);
    }
    this.#changed();
    this.dispatchEvent(new CustomEvent("read", { detail: item }));
  }

  /** Say it here before much is sent: a service that refuses while it receives cannot always be heard. */
  #check(file) {
    const most = this.limits.upload_bytes;
    if (most && file.size > most) throw new api.ServiceError(t("error.large", { name: file.name, size: inBytes(file.size), most: inBytes(most) }), { status: 413 });
  }

  async #next() {
    if (this.doing || !this.queue.length) return;
    const { item, recipe } = this.queue.shift();
    this.doing = { item, control: new AbortController(), begun: performance.now() };
    Object.assign(item, { state: "working", error: "", trouble: null });
    this.#changed();
    try {
      if (!item.bitmap) await this.#read(item, recipe);
      if (item.bitmap) await this.#run(item, recipe);
    } catch (error) {
      if (error.name === "AbortError") item.state = item.runs.length ? "done" : "stopped";
      else this.#failed(item, error, recipe);
    }
    this.doing = null;
    this.#changed();
    this.#next();
  }

  async #run(item, recipe) {
    item.state = "working";
    this.#changed();
    const answer = await api.show(item.file, recipe.options, recipe.files, this.doing.control.signal);
    const bitmap = await pixels(answer.after ?? answer.image, viewOptions(recipe.options), this.doing.control.signal);
    if (answer.before) Object.assign(item, { before: answer.before, bitmap: await pixels(answer.before) });
    const number = item.runs.length + 1;
    const run = { id: `${item.id}-${number}`, number, ...answer, bitmap, recipe, layers: {} };
    item.runs.push(run);
    Object.assign(item, { state: run.report.restored ? "done" : "left", right: run, left: item.left ?? null });
    this.dispatchEvent(new CustomEvent("made", { detail: { item, run } }));
    this.#rest();
  }

  /** Let go of the pixels of images that were not looked at for long; their files stay. */
  #rest() {
    const size = ({ bitmap, runs }) => (bitmap ? bitmap.width * bitmap.height * (1 + 2 * runs.length) : 0);
    let all = this.items.reduce((sum, item) => sum + size(item), 0);
    for (const item of this.items.toSorted((one, two) => one.opened - two.opened)) {
      if (all <= Session.mostPixels) return;
      if (item === this.current || !item.runs.length) continue;
      all -= size(item);
      for (const holder of [item, ...item.runs]) {
        holder.bitmap?.close();
        Object.assign(holder, { bitmap: null, layers: {} });
      }
    }
  }

  /** Decode the pixels of an image and its versions again. */
  async #wake(item) {
    for (const run of item.runs) {
      run.bitmap = await pixels(run.after ?? run.image);
      this.dispatchEvent(new CustomEvent("woken", { detail: run }));
    }
    item.bitmap = await pixels(item.before ?? item.file);
    this.#changed();
  }

  #failed(item, error, recipe = null) {
    console.warn(error);
    if (!(error instanceof api.ServiceError)) error = new api.ServiceError(String(error.message));
    error.message = error.message.replace(/^(image|result|edge-1)\.\w+(?=:)/, item.name); // what the service calls it
    Object.assign(item, { state: item.runs.length ? "done" : "failed", error: error.message });
    this.dispatchEvent(new CustomEvent("failed", { detail: { item, error, recipe } }));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** What of the settings changes how a file is read. */
export const viewOptions = ({ white_level, raw, demosaic }) => JSON.parse(JSON.stringify({ white_level, raw, demosaic }));

const inBytes = (bytes) => (bytes >= 2 ** 20 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${Math.round(bytes / 2 ** 10)} KiB`);
