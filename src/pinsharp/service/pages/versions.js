// The versions of an image: what there is, what is on which side, and in what two differ.

import { $, figure, make } from "./dom.js";
import { inWords, nameOf, valueOf } from "./recipe.js";
import { t } from "./words.js";

/** What a side shows: null is the original. */
export const sideOf = (item, run) =>
  run ? (item.runs.length > 1 ? `${run.number}: ${inWords(run.recipe)}` : t(run.report.restored ? "after" : "unchanged")) : t("before");

/** Every version of an image, with what is on the left and on the right, and in what both differ. */
export function showVersions(item, left, right, choose) {
  $("runs").hidden = !item || item.runs.length < 1;
  if ($("runs").hidden) return;
  const focused = document.activeElement?.id;
  $("runs-body").replaceChildren(...[null, ...item.runs].map((run) => row(item, run, { left, right }, choose)));
  if (focused?.startsWith("side-")) $(focused)?.focus();
  $("differs").replaceChildren(...(left && right && left !== right ? [difference(left, right)] : []));
}

function row(item, run, shown, choose) {
  const name = run ? `${run.number}: ${inWords(run.recipe)}` : t("before");
  const side = (which) => {
    const id = `side-${which}-${run?.number ?? 0}`;
    const input = make("input", { type: "radio", name: which, id, "aria-label": t(`runs.on-${which}`, { name }), checked: shown[which] === run });
    input.addEventListener("change", () => choose(which, run));
    return make("td", {}, make("label", { for: id }, input));
  };
  const facts = run && `${figure(run.report.sigma)} px, ${figure(run.report.seconds)} s`;
  const head = make("th", { scope: "row" }, run ? `${run.number}  ${inWords(run.recipe)}` : name, facts ? make("small", {}, facts) : null);
  return make("tr", {}, head, side("left"), side("right"));
}

/** Settings and figures of two versions that differ. */
function difference(one, two) {
  const settings = new Set([one, two].flatMap((run) => [...Object.keys(run.recipe.options), ...Object.keys(run.recipe.files)]));
  const rows = [...settings].map((name) => [nameOf(name), valueOf(one.recipe, name), valueOf(two.recipe, name)]);
  for (const [name, key, unit] of [["fact.time", "seconds", " s"], ["fact.residual", "residual", ""]]) {
    const cells = [one, two].map((run) => (run.report[key] === null ? "–" : figure(run.report[key] * (unit ? 1 : 255)) + unit));
    rows.push([t(name), ...cells]);
  }
  const body = rows.filter(([, first, second]) => first !== second).map(([name, ...cells]) => make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((cell) => make("td", {}, cell))));
  if (!body.length) return make("p", { class: "faint" }, t("differs.same"));
  return make("table", { class: "differs" }, make("caption", { class: "unseen" }, t("differs")), make("tbody", {}, ...body));
}
