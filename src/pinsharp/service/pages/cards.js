// What floats over the image while something is measured on it: a line, an edge, particles, evidence.

import * as api from "./api.js";
import { $, figure, make, save } from "./dom.js";
import { alongLine } from "./images.js";
import { halfOf } from "./panel.js";
import { linePlot, rise } from "./plots.js";
import { t } from "./words.js";

/** Open the card with a title and what is in it. */
export function openCard(title, ...body) {
  $("card").hidden = false;
  $("card").setAttribute("aria-labelledby", "card-title");
  $("card-title").textContent = title;
  $("card-body").replaceChildren(...body.filter(Boolean));
}

export function closeCard() {
  $("card").hidden = true;
  $("card-body").replaceChildren();
}

/** Brightness along the line of both images that are shown. */
export function lineCard(marks, viewer, names) {
  const [from, to] = marks.ends;
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const seen = [
    ["before", viewer.left, names.left],
    ["after", viewer.right, names.right],
  ].filter(([, image]) => image);
  const curves = seen.map(([name, image]) => ({ name, values: alongLine(image, from, to) }));
  const rises = curves.map(({ values }) => rise(values, length) ?? rise([...values].reverse(), length));
  const key = seen.map(([name, , words]) => make("span", { class: name }, words));
  const words = rises.length === 2 && rises.every(Boolean) ? t("line.rise", { before: figure(rises[0]), after: figure(rises[1]) }) : t("line.hint");
  openCard(
    t("line.title"),
    linePlot(length, curves, t("line.label", { length: Math.round(length) })),
    make("p", { class: "key" }, ...key),
    make("p", { class: "faint" }, words),
  );
}

/** A box around an edge, and the profile of a camera that comes of it. */
export class EdgeCard {
  constructor(marks, use) {
    Object.assign(this, { marks, use });
  }

  show(item, options) {
    const { left, top, right, bottom } = this.marks.box;
    const button = make("button", { type: "button", class: "button small primary" }, t("edge.make"));
    button.addEventListener("click", () => this.#measure(item, options, button));
    openCard(
      t("edge.title"),
      make("p", { class: "faint" }, t("edge.hint")),
      make("p", {}, t("edge.box", { width: right - left, height: bottom - top, left, top })),
      make("p", { class: "row" }, button),
      make("p", { class: "field-error", role: "alert", id: "edge-error" }),
    );
  }

  async #measure(item, options, button) {
    button.disabled = true;
    button.textContent = t("edge.working");
    $("edge-error").textContent = "";
    let profile;
    try {
      profile = await api.profile(item.file, this.marks.box, options);
    } catch (error) {
      button.disabled = false;
      button.textContent = t("edge.make");
      $("edge-error").textContent = error.message.replace(/^edge-1\.\w+: /, "");
      if (error.isForeign) $("edge-error").lang = "en";
      return;
    }
    this.#found(item, profile);
  }

  #found(item, profile) {
    const file = new File([JSON.stringify(profile, null, 2)], `${item.name.replace(/\.\w+$/, "")}-camera.json`, { type: "application/json" });
    const { sigma, low, high } = profile.own_softness;
    const half = halfOf({ frequency: profile.kernels[0].mtf.frequency, contrast: profile.kernels[0].mtf.contrast });
    const use = make("button", { type: "button", class: "button small primary" }, t("edge.use"));
    use.addEventListener("click", () => {
      this.use(file);
      use.disabled = true;
      use.textContent = t("edge.used");
    });
    const keep = make("button", { type: "button", class: "button small" }, t("edge.save"));
    keep.addEventListener("click", () => save(file, file.name));
    const words = t("edge.result", { width: figure(sigma), low: figure(low), high: figure(high) });
    openCard(
      t("edge.title"),
      make("p", {}, words),
      half ? make("p", { class: "faint" }, t("edge.mtf", { at: half.toFixed(3) })) : null,
      make("p", { class: "row" }, use, keep),
    );
    $("live").textContent = words;
    use.focus();
  }
}

/** Particles and pins of both sides as a small table. */
export function particlesCard(left, right) {
  const judged = left.pins.length || right.pins.length;
  const rows = [["found", (one) => one.particles.length]];
  if (judged) rows.push(["pins", (one) => one.pins.length], ["failed", (one) => one.failed_pins.length]);
  const head = ["", t("particles.left"), t("particles.right")].map((words) => (words ? make("th", { scope: "col" }, words) : make("td")));
  const body = rows.map(([name, of]) =>
    make("tr", {}, make("th", { scope: "row" }, t(`particles.${name}`)), ...[left, right].map((one) => make("td", {}, String(of(one))))),
  );
  openCard(
    t("particles.title"),
    make("table", { class: "differs" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body)),
    judged ? null : make("p", { class: "faint" }, t("particles.none")),
  );
}
