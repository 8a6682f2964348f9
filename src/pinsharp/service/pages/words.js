// Every word of the page: one table a language, words.en.json and words.zh.json, which have the same keys.

const LANGUAGES = { en: "en", zh: "zh-Hans" };
let table = {};
let language = "en";
let sentences = []; // the service's sentences, as patterns, with the keys of their translations

/** The words for a key, with the values of its {places}. */
export function t(key, values = {}) {
  const words = table[key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** Whether there are words for a key. */
export const knows = (key) => key in table;

export const current = () => language;

/** The language that was chosen last, or the browser's. */
export function preferred() {
  const kept = remembered("pinsharp.language");
  if (kept in LANGUAGES) return kept;
  return navigator.languages.some((one) => one.startsWith("zh")) && !navigator.language.startsWith("en") ? "zh" : "en";
}

/** Load a language and put it on everything that stands in the document. */
export async function speak(name) {
  const [english, chosen] = await Promise.all(["en", name].map(load));
  table = chosen;
  sentences = Object.keys(english)
    .filter((key) => key.startsWith("said."))
    .map((key) => [new RegExp(`^${pattern(english[key])}$`), key]);
  language = name;
  document.documentElement.lang = LANGUAGES[name];
  translate(document);
}

async function load(name) {
  return (await fetch(`pages/words.${name}.json`)).json();
}

const pattern = (words) => words.replace(/[.*+?^$()[\]\\|]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>[\\w.-]+)");

/** A sentence of the service in the current language; as it is where nobody has translated it. */
export function said(sentence) {
  return sentence.split("; ").length > 1 && !find(sentence) ? sentence.split("; ").map(said).join("; ") : (find(sentence) ?? sentence);
}

function find(sentence) {
  for (const [form, key] of sentences) {
    const groups = form.exec(sentence)?.groups;
    if (groups || form.test(sentence)) {
      const values = Object.entries(groups ?? {}).map(([name, word]) => [name, table[`word.${word}`] ?? word]);
      return t(key, Object.fromEntries(values));
    }
  }
  return null;
}

/** Words for elements with data-t (their text) and data-t-label (their name, and what is shown on hovering). */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
    if (element.matches("button")) element.title = t(element.dataset.tLabel);
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing: the choice holds until the page is left.
  }
}

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
