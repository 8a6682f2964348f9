// Two images of one size on one canvas, behind a divider or side by side, at the same place and the same scale.
//
// Places are in pixels of the image, the centre of the first one at 0.5. At 1:1 a pixel of the image is a pixel of the
// screen; from there on pixels are drawn as squares.

import { clamp, isCalm } from "./dom.js";

const MOST = 8;
const STEP = 40; // pixels of the window that an arrow key pans
const MARGIN = 24; // around an image that fits
const GAP = 2; // between two panes
const BELOW = 60; // what the tools take of the window

export class Viewer extends EventTarget {
  constructor(view, canvas, divider) {
    super();
    Object.assign(this, { view, canvas, divider, left: null, right: null, mode: "slide", split: 0.5, tool: null });
    this.overlays = { left: [], right: [] };
    this.place = { x: 0, y: 0, scale: 1 }; // the image's pixel in the middle of a pane, and window pixels for one
    this.isFitted = true;
    this.isHeld = false; // the original alone
    this.pointers = new Map();
    new ResizeObserver(() => this.#resized()).observe(view);
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      view.addEventListener(name, (event) => this[`_${name}`](event));
    }
    view.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    view.addEventListener("dblclick", (event) => this.#doubleClick(event));
    view.addEventListener("keydown", (event) => this.#key(event));
    this.#divide();
  }

  /** Show images, left and right; either may be missing. The place stays if they are of the size of those before. */
  show(left, right) {
    const before = this.left ?? this.right;
    Object.assign(this, { left, right });
    const now = left ?? right;
    if (now && (!before || before.width !== now.width || before.height !== now.height)) this.fit();
    this.#divide();
    this.draw();
  }

  get size() {
    const image = this.left ?? this.right;
    return image ? { width: image.width, height: image.height } : null;
  }

  get dots() {
    return window.devicePixelRatio || 1;
  }

  /** Screen pixels for a pixel of the image. */
  get zoom() {
    return this.place.scale * this.dots;
  }

  setMode(mode) {
    this.mode = mode;
    if (this.isFitted) this.fit();
    this.#divide();
    this.draw();
    this.#changed();
  }

  setSplit(split) {
    this.split = clamp(split, 0, 1);
    this.#divide();
    this.draw();
  }

  /** Let the divider come in from the right, unless motion is not wanted. */
  reveal() {
    if (isCalm() || this.mode !== "slide") return;
    const begin = performance.now();
    const step = (now) => {
      const done = clamp((now - begin) / 450, 0, 1);
      this.setSplit(1 - 0.5 * (1 - (1 - done) ** 3));
      if (done < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /** The whole image: a small one enlarged by a whole number, a large one reduced. */
  fit() {
    const size = this.size;
    this.isFitted = true;
    if (!size) return;
    const { width, height } = this.#panes()[0];
    const room = Math.min((width - 2 * MARGIN) / size.width, (height - 2 * MARGIN - BELOW) / size.height) * this.dots;
    const scale = this.#allowed(room >= 1 ? Math.floor(room) : room) / this.dots;
    this.place = { x: size.width / 2, y: size.height / 2 + BELOW / 2 / scale, scale };
    this.#changed();
    this.draw();
  }

  /** Set the scale, in screen pixels for a pixel; what lies at a place of the window stays there. */
  setZoom(zoom, at = null) {
    if (!this.size) return;
    const scale = this.#allowed(zoom) / this.dots;
    const pane = this.#panes()[0];
    const { x, y } = at ?? { x: pane.left + pane.width / 2, y: pane.height / 2 };
    const before = this.toImage(x, y);
    this.isFitted = false;
    this.place.scale = scale;
    const after = this.toImage(x, y);
    this.#moveTo(this.place.x + before.x - after.x, this.place.y + before.y - after.y);
  }

  /** A place of the window in the image. */
  toImage(x, y) {
    const pane = this.#paneAt(x);
    const { place } = this;
    return { x: place.x + (x - pane.left - pane.width / 2) / place.scale, y: place.y + (y - pane.height / 2) / place.scale };
  }

  /** A place of the image in the window, once for each pane. */
  toWindow(x, y) {
    return this.#panes().map((pane) => ({
      x: pane.left + pane.width / 2 + (x - this.place.x) * this.place.scale,
      y: pane.height / 2 + (y - this.place.y) * this.place.scale,
      pane,
    }));
  }

  draw() {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.#paint();
    });
  }

  #paint() {
    const { canvas, dots } = this;
    const pen = canvas.getContext("2d");
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const { width, height } = this.#window();
    const panes = this.#panes();
    const right = this.isHeld ? null : this.right;
    if (panes.length === 2) {
      this.#paintOne(pen, this.left, this.overlays.left, panes[0], panes[0]);
      this.#paintOne(pen, right ?? this.left, right ? this.overlays.right : [], panes[1], panes[1]);
      return;
    }
    const at = right ? (this.left ? Math.round(this.split * width * dots) / dots : 0) : width;
    this.#paintOne(pen, this.left, this.overlays.left, panes[0], { left: 0, width: at, height });
    this.#paintOne(pen, right, this.overlays.right, panes[0], { left: at, width: width - at, height });
  }

  #paintOne(pen, image, overlays, pane, room) {
    if (!image || room.width <= 0) return;
    const { scale } = this.place;
    pen.save();
    pen.beginPath();
    pen.rect(room.left, 0, room.width, room.height);
    pen.clip();
    const snap = (value) => Math.round(value * this.dots) / this.dots;
    const left = snap(pane.left + pane.width / 2 - this.place.x * scale);
    const top = snap(pane.height / 2 - this.place.y * scale);
    pen.imageSmoothingEnabled = this.zoom < 1;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, left, top, image.width * scale, image.height * scale);
    for (const overlay of overlays) overlay(pen, { left, top, scale, image });
    pen.restore();
  }

  #panes() {
    const { width, height } = this.#window();
    if (this.mode !== "side" || !this.left || !this.right) return [{ left: 0, width, height }];
    const half = (width - GAP) / 2;
    return [{ left: 0, width: half, height }, { left: half + GAP, width: half, height }];
  }

  #paneAt(x) {
    return this.#panes().findLast((pane) => x >= pane.left) ?? this.#panes()[0];
  }

  #window() {
    return { width: this.view.clientWidth, height: this.view.clientHeight };
  }

  #resized() {
    const { width, height } = this.#window();
    if (!width || !height) return;
    this.canvas.width = Math.round(width * this.dots);
    this.canvas.height = Math.round(height * this.dots);
    if (this.isFitted) this.fit();
    this.#divide();
    this.#changed();
    this.#paint();
  }

  #divide() {
    const isShown = this.mode === "slide" && this.left && this.right;
    this.divider.hidden = !isShown;
    this.divider.style.left = `${100 * this.split}%`;
    this.divider.setAttribute("aria-valuenow", Math.round(100 * this.split));
  }

  #allowed(zoom) {
    const size = this.size;
    const { width, height } = this.#panes()[0];
    const least = Math.min(1, 0.8 * Math.min(width / size.width, height / size.height) * this.dots);
    return clamp(zoom, least, MOST);
  }

  #moveTo(x, y) {
    const { width, height } = this.size;
    Object.assign(this.place, { x: clamp(x, 0, width), y: clamp(y, 0, height) });
    this.isFitted = false;
    this.#changed();
    this.draw();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #at(event) {
    const box = this.view.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #isOnDivider(event) {
    return event.target === this.divider || this.divider.contains(event.target);
  }

  _pointerdown(event) {
    if (event.button > 0 || !this.size || event.target.closest(".handle")) return;
    this.view.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.#at(event));
    if (this.#isOnDivider(event)) this.doing = "divide";
    else if (this.tool && this.pointers.size === 1) this.#dispatchTool("begin", event);
    else this.doing = "pan";
    if (this.pointers.size > 1) this.doing = "pan";
    this.view.classList.toggle("is-moving", this.doing === "pan");
  }

  _pointermove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#at(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (this.doing === "divide") this.setSplit(now.x / this.#window().width);
    else if (this.doing === "tool") this.#dispatchTool("move", event);
    else if (other) this.#pinch(before, now, other);
    else this.#moveTo(this.place.x - (now.x - before.x) / this.place.scale, this.place.y - (now.y - before.y) / this.place.scale);
  }

  _pointerup(event) {
    if (this.doing === "tool") this.#dispatchTool("end", event);
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) this.doing = null;
    this.view.classList.remove("is-moving");
  }

  _pointercancel(event) {
    this._pointerup(event);
  }

  #dispatchTool(phase, event) {
    this.doing = "tool";
    const { x, y } = this.#at(event);
    this.dispatchEvent(new CustomEvent("tool", { detail: { phase, ...this.toImage(x, y) } }));
  }

  #pinch(before, now, other) {
    const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
    const middle = (one) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
    const [from, to] = [middle(before), middle(now)];
    this.setZoom((this.zoom * apart(now)) / apart(before), from);
    this.#moveTo(this.place.x - (to.x - from.x) / this.place.scale, this.place.y - (to.y - from.y) / this.place.scale);
  }

  #wheel(event) {
    if (!this.size) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.setZoom(this.zoom * Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 90 : 400)), this.#at(event));
  }

  #doubleClick(event) {
    if (this.tool || this.#isOnDivider(event)) return;
    if (this.isFitted) this.setZoom(1, this.#at(event));
    else this.fit();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.size) return;
    const pan = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.target === this.divider && pan) {
      this.setSplit(this.split + (pan[0] - pan[1]) * (event.shiftKey ? 0.1 : 0.01));
    } else if (event.target === this.divider && ["Home", "End"].includes(event.key)) {
      this.setSplit(event.key === "Home" ? 0 : 1);
    } else if (pan && !event.target.closest(".handle")) {
      const step = (STEP * (event.shiftKey ? 4 : 1)) / this.place.scale;
      this.#moveTo(this.place.x + pan[0] * step, this.place.y + pan[1] * step);
    } else if ("+=-_".includes(event.key)) {
      this.setZoom(this.zoom * ("+=".includes(event.key) ? Math.SQRT2 : Math.SQRT1_2));
    } else if (event.key === "0") {
      this.fit();
    } else if ("1248".includes(event.key)) {
      this.setZoom(Number(event.key));
    } else if ("[]".includes(event.key)) {
      this.setSplit(this.split + (event.key === "[" ? -0.05 : 0.05));
    } else {
      return;
    }
    event.preventDefault();
  }
}
