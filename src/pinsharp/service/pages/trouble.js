// What went wrong, in one line over the image, with another try where that may help.

import * as api from "./api.js";
import { $, make } from "./dom.js";
import { t } from "./words.js";

let trouble = null; // what went wrong that is of no single image: {error, again}
let current = () => null; // the image that is shown, whose own trouble is shown where there is no other

export function listenToTrouble(shown) {
  current = shown;
  $("error-close").addEventListener("click", forgive);
  $("error-retry").addEventListener("click", () => {
    const { again } = trouble ?? current().trouble;
    forgive();
    again();
  });
}

/** Say what went wrong: one line, until it is closed or has passed. */
export function fail(error, again = null) {
  if (!(error instanceof api.ServiceError)) throw error;
  trouble = { error, again };
  showTrouble();
}

export function forgive() {
  trouble = null;
  if (current()) current().trouble = null;
  showTrouble();
}

export function showTrouble() {
  const one = trouble ?? current()?.trouble;
  $("error").hidden = !one;
  if (!one || $("error-text").said === one) return;
  $("error-text").said = one;
  $("error-text").textContent = one.error.message;
  $("error-text").lang = one.error.isForeign ? "en" : document.documentElement.lang;
  $("error-retry").hidden = !one.again;
  if (one.error.status === 401) askForKey(one.again);
}

function askForKey(again) {
  const input = make("input", { type: "password", "aria-label": t("key.label"), autocomplete: "current-password" });
  const use = make("button", { type: "submit", class: "button small primary" }, t("key.use"));
  const form = make("form", { class: "row" }, input, use);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    api.useKey(input.value);
    forgive();
    again?.();
  });
  $("error-retry").hidden = true;
  $("error-text").lang = document.documentElement.lang;
  $("error-text").replaceChildren(make("span", {}, t("error.key")), form);
  input.focus();
}

/** What was said of all images has been read. */
export function forget() {
  trouble = null;
}
