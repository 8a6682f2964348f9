// The result beside the image: verdict, width, reason, facts, kernel, transfer function, field.

import { $, figure, make } from "./dom.js";
import { intervalPlot, mtfPlot, paintTable } from "./plots.js";
import { current, knows, said, t } from "./words.js";

const KIND = { sharp: "good", restorable: "good", varying: "good", given: "good", none: "good" };

/** Verdicts whose width is not to be acted on. */
const UNSURE = ["motion-or-astigmatism", "no-texture", "periodic", "contradictory"];

/** The verdict of a report in words, with its kind: good, warn or bad. */
export function verdictOf(report) {
  if (report.restored && report.doubtful) return { words: t("verdict.doubtful"), kind: "warn" };
  const forced = report.restored && !KIND[report.verdict ?? "none"];
  const name = forced || !report.verdict ? (report.family === "given" ? "given" : "none") : report.verdict;
  return { words: t(`verdict.${name}`), kind: KIND[name] ?? "warn" };
}

/** Why, as a sentence. */
export function reasonOf(report) {
  if (!report.restored) return t("reason.left", { reason: capital(said(report.reason || report.verdict_reason)) });
  const unasked = t(report.family === "given" ? "reason.given" : "reason.none");
  const why = report.verdict_reason ? `${capital(said(report.verdict_reason))}${stop()}` : unasked;
  return report.doubtful ? `${why} ${t("reason.doubtful")}` : why;
}

const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
const stop = () => (current() === "zh" ? "。" : ".");

/** Show what is known of an item: a run's report, that it is at work, or nothing yet. */
export function showResult(item, run) {
  const report = run?.report;
  const state = item?.error ? "failed" : item?.state === "working" ? "working" : "waiting";
  const verdict = report ? verdictOf(report) : { words: t(`verdict.${state}`), kind: state === "failed" ? "bad" : "" };
  $("verdict").textContent = verdict.words;
  $("verdict").dataset.kind = verdict.kind;
  const sigma = report?.sigma;
  $("width").replaceChildren(
    ...(sigma === undefined || sigma === null
      ? item?.error ? [] : [make("span", { class: "waiting" }, "–")]
      : [figure(sigma), make("small", {}, t("width.of"))]),
  );
  $("width").classList.toggle("is-unsure", UNSURE.includes(report?.verdict));
  $("interval").replaceChildren();
  if (report?.interval) {
    const values = { width: figure(sigma), low: figure(report.interval[0]), high: figure(report.interval[1]) };
    $("interval").append(
      intervalPlot(sigma, report.interval, t("interval.plot", values)),
      make("p", { class: "faint" }, t("interval", values)),
    );
  }
  $("reason").textContent = report ? reasonOf(report) : "";
  $("force").hidden = !report || report.restored;
  showFacts(report);
  showBlur(run);
}

function showFacts(report) {
  const rows = report ? Object.entries(facts(report)).filter(([, value]) => value) : [];
  $("facts").replaceChildren(...rows.flatMap(([name, value]) => [make("dt", {}, t(`fact.${name}`)), make("dd", {}, value)]));
}

function facts(report) {
  const { distance } = report;
  const levels = (value) => `${figure(255 * value)} / 255`;
  const kind = knows(`kind.${report.family}`) ? t(`kind.${report.family}`) : report.family;
  return {
    distance: distance && `${distance.distance.toPrecision(3)} ${distance.unit} (${distance.low.toPrecision(3)} – ${distance.high.toPrecision(3)})`,
    kind,
    noise: report.noise === null ? "" : levels(report.noise),
    own: report.own_softness ? `${figure(report.own_softness)} px` : "",
    light: report.light === "linear" ? "" : report.light,
    residual: report.residual === null ? "" : levels(report.residual),
    passes: report.iterations > 1 ? report.sigmas.map(figure).join(" → ") : "",
    careful: report.guard > 0.005 ? `${Math.round(100 * report.guard)} %` : "",
    faults: report.masked_share > 0 ? `${(100 * report.masked_share).toPrecision(2)} %` : "",
    time: `${figure(report.seconds)} s`,
  };
}

function showBlur(run) {
  const blur = run?.report.blur;
  $("blur").hidden = !blur;
  if (!blur) return;
  const size = blur.kernel.length * blur.kernel_step;
  paintTable($("kernel"), blur.kernel, 0, Math.max(...blur.kernel.flat()));
  $("kernel").setAttribute("aria-label", t("kernel.label", { size }));
  $("kernel-caption").textContent = t("kernel", { size });
  const half = halfOf(blur.mtf);
  const at = half ? half.toFixed(3) : "> 0.5";
  $("mtf").replaceChildren(mtfPlot(blur.mtf.frequency, blur.mtf.contrast, half, t("mtf.label", { at })));
  $("mtf-caption").textContent = t("mtf", { at });
  showField(run);
}

function showField(run) {
  const { field } = run.report.blur;
  $("field-figure").hidden = !field;
  if (!field) return;
  const [low, high] = rangeOf(field);
  for (const part of [$("field"), $("field-scale")]) part.hidden = field.shape === "constant";
  paintTable($("field"), field.widths, low, high);
  $("field").style.aspectRatio = `${field.image[1] / field.image[0]}`;
  $("field").setAttribute("aria-label", t("field.label", { low: figure(low), high: figure(high) }));
  $("field-scale").replaceChildren(
    make("span", {}, figure(low)), make("i", { "aria-hidden": "true" }), make("span", {}, `${figure(high)} px`),
  );
  $("field-caption").textContent = field.words ? `${capital(said(field.words))}${stop()}` : t("field.even");
}

/** Between which widths the colours of a field lie; those of an even one too. */
export function rangeOf(field) {
  const all = field.widths.flat();
  const high = Math.max(...all);
  return [Math.min(...all, 0.8 * high), high];
}

/** Frequency at which a transfer function has fallen to a half; null if it does not. */
export function halfOf({ frequency, contrast }) {
  const at = contrast.findIndex((value) => value < 0.5);
  if (at < 1) return null;
  const share = (contrast[at - 1] - 0.5) / (contrast[at - 1] - contrast[at]);
  return frequency[at - 1] + share * (frequency[at] - frequency[at - 1]);
}
