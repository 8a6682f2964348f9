// The settings: a form and the same as JSON. What is not a default is sent to the service, which judges it.

import { $, make } from "./dom.js";
import { current, knows, t } from "./words.js";

const NUMBER = { iterations: { min: 1, max: 20, value: 1 }, white_level: { min: 1, max: 65535 }, window: { min: 0 } };

/** Every setting of the form, in its order; those after `profile` stand under "More". */
const FIELDS = [
  ["model", "choice"],
  ["kernel", "kernel"],
  ["iterations", "number"],
  ["profile", "profile"],
  ["field", "choice", ["auto", "off"]],
  ["channels", "choice", ["joint", "luma", "each"]],
  ["light", "choice", ["auto", "linear", "srgb", "2.2"]],
  ["white_level", "number"],
  ["demosaic", "choice", ["malvar", "bilinear", "planes"]],
  ["window", "number"],
  ["faults", "choice", ["auto", "off"]],
  ["mask", "file"],
  ["reference", "file"],
  ["beyond_camera", "check"],
  ["force", "check"],
];
const DEFAULTS = { model: "swift", kernel: "auto", iterations: 1, field: "auto", channels: "joint", light: "auto", demosaic: "malvar", faults: "auto" };
const MAIN = 4;
const OWN = "file:"; // before the name of a profile that is a file of this page

export class RecipeForm extends EventTarget {
  constructor() {
    super();
    Object.assign(this, { models: ["swift"], names: [], profiles: new Map(), files: {}, further: {}, default: "swift" });
    $("recipe").addEventListener("submit", (event) => event.preventDefault());
    $("json").addEventListener("input", () => this.#fromText());
    $("json-copy").addEventListener("click", () => this.#copy());
    $("json-reset").addEventListener("click", () => this.set({}));
    this.options = {};
  }

  /** Offer what the service has. */
  offer({ models, profiles, model }) {
    Object.assign(this, { models, names: profiles, default: model });
    DEFAULTS.model = model;
    this.build();
  }

  /** The settings as the service takes them: options, and files by part. */
  get value() {
    const files = { ...this.files };
    const options = { ...this.options };
    if (options.profile?.startsWith(OWN)) {
      files.profile = this.profiles.get(options.profile);
      delete options.profile;
    }
    return { options, files };
  }

  /** The same as JSON, for another page or a program; files of this page left out. */
  get text() {
    const { profile, ...others } = this.options;
    return JSON.stringify(profile?.startsWith(OWN) ? others : this.options, null, 2);
  }

  set(options) {
    this.options = { ...options };
    this.build();
    this.#changed();
  }

  /** Add the profile of a camera that the page has made or loaded. */
  addProfile(name, file) {
    this.profiles.set(OWN + name, file);
    this.#put("profile", OWN + name);
    this.build();
  }

  /** Build the form in the current language, with what is set. */
  build() {
    const rows = FIELDS.map(([name, kind, values]) => this.#row(name, kind, values));
    $("recipe-main").replaceChildren(...rows.slice(0, MAIN).flat());
    $("recipe-more").replaceChildren(...rows.slice(MAIN).flat());
    $("json").value = this.text;
    this.#judge("");
  }

  #row(name, kind, values) {
    const field = this[`_${kind}`](name, values);
    const id = `recipe-${name}`;
    const input = field.matches("select, input") ? field : field.querySelector("select, input");
    input.id = id;
    const row = [make("label", { for: id }, t(`recipe.${name}`)), field];
    if (HINTS.includes(name)) {
      row.push(make("p", { class: "hint", id: `${id}-hint` }, t(`recipe.${name}.hint`)));
      input.setAttribute("aria-describedby", `${id}-hint`);
    }
    return row;
  }

  _choice(name, values = this.models) {
    const set = String(this.options[name] ?? DEFAULTS[name]);
    const all = values.includes(set) ? values : [...values, set];
    const options = all.map((value) => {
      const words = name === "model" || !values.includes(value) ? value : t(`recipe.${name}.${value}`);
      return make("option", { value, selected: value === set }, words);
    });
    return make("select", { onchange: (event) => this.#put(name, event.target.value) }, ...options);
  }

  _kernel(name) {
    const [kind, width] = String(this.options.kernel ?? "auto").split(":");
    const put = () => this.#put(name, choice.value === "auto" ? "auto" : `${choice.value}:${number.value || 2}`);
    const choice = make("select", { onchange: () => (put(), this.build(), $("recipe-kernel").focus()) });
    for (const value of ["auto", "gaussian", "disk"]) {
      choice.append(make("option", { value, selected: value === kind }, t(`recipe.kernel.${value}`)));
    }
    const number = make("input", {
      type: "number", min: 0.1, max: 60, step: 0.1, value: width ?? 2, "aria-label": t("recipe.kernel.value"), oninput: put,
    });
    return kind === "auto" ? make("div", {}, choice) : make("div", { class: "two" }, choice, number);
  }

  _number(name) {
    const { value: usual, ...limits } = NUMBER[name];
    return make("input", {
      type: "number", step: 1, ...limits, value: this.options[name] ?? usual,
      oninput: (event) => this.#put(name, event.target.value === "" ? undefined : Number(event.target.value)),
    });
  }

  _check(name) {
    return make("div", {}, make("input", {
      type: "checkbox", checked: Boolean(this.options[name]), onchange: (event) => this.#put(name, event.target.checked || undefined),
    }));
  }

  _file(name) {
    const input = make("input", { type: "file", class: "unseen" });
    const named = this.files[name];
    input.addEventListener("change", () => this.#keep(name, input.files[0]));
    const choose = make("button", { type: "button", class: "button small", "aria-label": `${t(`recipe.${name}`)}: ${t("recipe.choose")}` }, t("recipe.choose"));
    choose.addEventListener("click", () => input.click());
    input.tabIndex = -1;
    const remove = make("button", { type: "button", class: "link", "aria-label": `${t(`recipe.${name}`)}: ${t("recipe.remove")}` }, t("recipe.remove"));
    remove.addEventListener("click", () => this.#keep(name, undefined));
    return make("div", { class: "file" }, input, ...(named ? [make("span", {}, named.name), remove] : [choose]));
  }

  _profile(name) {
    const set = this.options.profile ?? "";
    const choice = make("select", {});
    for (const value of ["", ...this.names, ...this.profiles.keys()]) {
      const words = value === "" ? t("recipe.none") : value.replace(OWN, "");
      choice.append(make("option", { value, selected: value === set }, words));
    }
    choice.append(make("option", { value: "load:" }, t("recipe.load")));
    choice.addEventListener("change", () => {
      if (choice.value !== "load:") return this.#put(name, choice.value || undefined);
      choice.value = set;
      const input = make("input", { type: "file", accept: ".json,application/json" });
      input.addEventListener("change", () => this.dispatchEvent(new CustomEvent("profile", { detail: input.files[0] })));
      input.click();
    });
    return choice;
  }

  #keep(name, file) {
    if (file) this.files[name] = file;
    else delete this.files[name];
    this.build();
    this.#changed();
  }

  #put(name, value) {
    const isDefault = value === undefined || String(value) === String(DEFAULTS[name]);
    this.options = { ...this.options };
    if (isDefault) delete this.options[name];
    else this.options[name] = value;
    $("json").value = this.text;
    this.#judge("");
    this.#changed();
  }

  #fromText() {
    const words = $("json").value.trim() || "{}";
    let options;
    try {
      options = JSON.parse(words);
    } catch {
      return this.#judge(t("json.invalid"));
    }
    if (options === null || typeof options !== "object" || Array.isArray(options)) return this.#judge(t("json.object"));
    const own = this.options.profile?.startsWith(OWN) && !("profile" in options) ? { profile: this.options.profile } : {};
    this.options = { ...options, ...own };
    const kept = $("json").value;
    this.build();
    $("json").value = kept;
    this.#changed();
  }

  #judge(sentence) {
    $("json-error").textContent = sentence;
    $("json").setAttribute("aria-invalid", sentence !== "");
  }

  async #copy() {
    $("json").select();
    try {
      await navigator.clipboard.writeText($("json").value);
    } catch {
      document.execCommand("copy"); // without https only this one copies
    }
    $("json-copy").textContent = t("json.copied");
    setTimeout(() => ($("json-copy").textContent = t("json.copy")), 1500);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

const HINTS = ["iterations", "white_level", "demosaic", "window", "beyond_camera", "force"];

/** A setting's name in words. */
export const nameOf = (name) => (knows(`recipe.${name}`) ? t(`recipe.${name}`) : name);

/** What a setting of a recipe is, in words: a file's name, a choice, a number. */
export function valueOf({ options, files }, name) {
  const value = files[name]?.name ?? options[name] ?? DEFAULTS[name] ?? "–";
  const [kind, width] = name === "kernel" ? String(value).split(":") : [];
  if (width && knows(`kind.${kind}`)) return `${t(`kind.${kind}`)} ${width} px`;
  return knows(`recipe.${name}.${value}`) ? t(`recipe.${name}.${value}`) : String(value).replace(OWN, "");
}

/** Settings on one line: `Passes 2, Light sRGB`. */
export function inWords(recipe) {
  const names = [...Object.keys(recipe.options), ...Object.keys(recipe.files)];
  const all = names.map((name) => (recipe.options[name] === true ? nameOf(name) : `${nameOf(name)} ${valueOf(recipe, name)}`));
  return all.length ? all.join(current() === "zh" ? "，" : ", ") : t("runs.default");
}

/** Whether two recipes ask for the same. */
export const isSame = (one, two) =>
  JSON.stringify(Object.entries(one.options).sort()) === JSON.stringify(Object.entries(two.options).sort()) &&
  ["kernel", "field", "mask", "reference", "profile"].every((name) => one.files[name] === two.files[name]);
