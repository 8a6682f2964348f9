// The strip of small pictures: the images of this session.

import { $, figure, make } from "./dom.js";
import { glance, thumb } from "./images.js";
import { t } from "./words.js";

let glances = Promise.resolve(); // small pictures are read one after another

/** Show all images of a session; `open` is called with the one that is chosen. */
export function showStrip(session, open) {
  $("strip").hidden = session.items.length < 2;
  const focused = document.activeElement?.id;
  const list = $("strip-list");
  for (const item of session.items) {
    const id = `item-${item.id}`;
    const button = $(id) ?? newThumb(item, id, list, open);
    const state = item === session.doing?.item ? "working" : { done: "done", left: "left", failed: "failed" }[item.state] ?? "waiting";
    button.setAttribute("aria-label", t("strip.item", { name: item.name, state: t(`strip.${state}`) }));
    button.setAttribute("aria-current", String(item === session.current));
    button.title = item.name;
    button.lastChild.textContent = item.runs.length ? `${figure(item.runs[0].report.sigma)} px` : state === "waiting" ? item.name : t(`strip.${state}`);
    if (item.bitmap && !item.isDrawn) {
      thumb(button.firstChild, item.bitmap);
      item.isDrawn = true;
    }
  }
  if (focused?.startsWith("item-")) $(focused)?.focus();
  const left = session.untouched.length;
  $("restore-all").hidden = left < 1;
  $("restore-all").textContent = t("restore.all", { count: left });
}

function newThumb(item, id, list, open) {
  const button = make("button", { type: "button", id }, make("canvas", { "aria-hidden": "true" }), make("span", { "aria-hidden": "true" }));
  button.addEventListener("click", () => open(item));
  list.append(make("li", {}, button));
  glances = glances.then(() => glance(item.file)).then((bitmap) => bitmap && !item.isDrawn && thumb(button.firstChild, bitmap));
  return button;
}
