// Lines and boxes that are drawn on the image: by dragging, or by their two ends with the arrow keys.

import { clamp, draw, make } from "./dom.js";
import { t } from "./words.js";

const REACH = 70; // pixels of the window from the middle to an end, to begin with

export class Marks extends EventTarget {
  constructor(viewer, layer) {
    super();
    Object.assign(this, { viewer, layer, kind: null, ends: null, handles: [] });
    viewer.addEventListener("tool", (event) => this.#drag(event.detail));
    viewer.addEventListener("change", () => this.draw());
  }

  /** Take up a tool, `line` or `edge`, with ends around the middle of what is seen to begin with; or put it away. */
  take(kind) {
    this.kind = kind;
    this.viewer.tool = kind;
    this.viewer.view.dataset.tool = kind ?? "";
    this.handles.forEach((handle) => handle.remove());
    this.handles = [];
    this.ends = null;
    if (kind) {
      const middle = this.#inside(this.viewer.place);
      const reach = REACH / this.viewer.place.scale;
      const rise = kind === "line" ? 0 : reach;
      this.ends = [
        { x: middle.x - reach, y: middle.y - rise },
        { x: middle.x + reach, y: middle.y + rise },
      ].map((end) => this.#inside(end));
      this.handles = this.ends.map((_, number) => this.#handle(number));
      this.#changed("end");
    }
    this.draw();
  }

  /** Left, top, right and bottom of the box in whole pixels. */
  get box() {
    const [one, two] = this.ends;
    return {
      left: Math.floor(Math.min(one.x, two.x)),
      top: Math.floor(Math.min(one.y, two.y)),
      right: Math.ceil(Math.max(one.x, two.x)),
      bottom: Math.ceil(Math.max(one.y, two.y)),
    };
  }

  draw() {
    this.layer.replaceChildren();
    if (!this.ends) return;
    const [from, to] = this.ends.map((end) => this.viewer.toWindow(end.x, end.y));
    from.forEach((start, pane) => this.#outline(start, to[pane]));
    this.handles.forEach((handle, number) => {
      const { x, y } = [from, to][number].at(-1);
      handle.style.left = `${x}px`;
      handle.style.top = `${y}px`;
    });
  }

  #outline(start, end) {
    const shape =
      this.kind === "line"
        ? ["line", { x1: start.x, y1: start.y, x2: end.x, y2: end.y }]
        : ["rect", { x: Math.min(start.x, end.x), y: Math.min(start.y, end.y), width: Math.abs(end.x - start.x), height: Math.abs(end.y - start.y) }];
    const ends = [start, end].map(({ x, y }) => draw("circle", { cx: x, cy: y, r: 5 }));
    const { left, width, height } = start.pane;
    const within = { x: left, y: 0, width, height, viewBox: `${left} 0 ${width} ${height}` };
    this.layer.append(draw("svg", within, draw(shape[0], { ...shape[1], class: "under" }), draw(...shape), ...ends));
  }

  #handle(number) {
    const name = this.kind === "line" ? ["line.start", "line.end"] : ["edge.first", "edge.second"];
    const handle = make("button", { type: "button", class: "handle", "data-t-label": name[number], "aria-label": t(name[number]) });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const far = event.shiftKey ? 10 : 1;
      const end = this.ends[number];
      this.#set(number, { x: end.x + far * step[0], y: end.y + far * step[1] }, "end");
    });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      this.held = number;
    });
    handle.addEventListener("pointermove", (event) => {
      if (this.held !== number) return;
      const box = this.viewer.view.getBoundingClientRect();
      this.#set(number, this.viewer.toImage(event.clientX - box.left, event.clientY - box.top), "move");
    });
    handle.addEventListener("pointerup", () => {
      this.held = null;
      this.#changed("end");
    });
    this.viewer.view.append(handle);
    return handle;
  }

  #drag({ phase, x, y }) {
    if (!this.kind) return;
    const end = this.#inside({ x, y });
    if (phase === "begin") this.start = end;
    else if (Math.hypot(end.x - this.start.x, end.y - this.start.y) * this.viewer.place.scale > 4) {
      this.ends = [this.start, end];
      this.draw();
      this.#changed(phase);
    }
  }

  #set(number, place, phase) {
    this.ends[number] = this.#inside(place);
    this.draw();
    this.#changed(phase);
  }

  #inside({ x, y }) {
    const { width, height } = this.viewer.size;
    return { x: clamp(x, 0, width), y: clamp(y, 0, height) };
  }

  #changed(phase) {
    this.dispatchEvent(new CustomEvent("change", { detail: { kind: this.kind, phase } }));
  }
}
