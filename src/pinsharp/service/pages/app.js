// The page: what is done where, and what is shown when.

import * as api from "./api.js";
import { EdgeCard, closeCard, lineCard, openCard, particlesCard } from "./cards.js";
import { $, figure, make, save } from "./dom.js";
import * as images from "./images.js";
import { evidenceLayer, fieldLayer, particlesLayer } from "./overlays.js";
import { reasonOf, showResult, verdictOf } from "./panel.js";
import { RecipeForm, isSame } from "./recipe.js";
import { Session } from "./session.js";
import { showStrip } from "./strip.js";
import { Marks } from "./tools.js";
import { fail, forget, forgive, listenToTrouble, showTrouble } from "./trouble.js";
import { showVersions, sideOf } from "./versions.js";
import { Viewer } from "./viewer.js";
import * as words from "./words.js";
import { t } from "./words.js";

const session = new Session();
const viewer = new Viewer($("view"), $("canvas"), $("divider"));
const marks = new Marks(viewer, $("marks"));
const recipe = new RecipeForm();
const edge = new EdgeCard(marks, (file) => recipe.addProfile(file.name, file));
const overlays = new Set();

await words.speak(words.preferred());
listen();
learn();
refresh();

// What the service offers

async function learn() {
  try {
    const offers = await api.offers();
    session.limits = offers.limits;
    recipe.offer(offers);
    forgive();
  } catch (error) {
    fail(error, learn);
  }
}

// Images in

async function take(files) {
  const found = await files;
  if (!found.length) return fail(new api.ServiceError(t("error.no-images"), { status: 422 }));
  forgive();
  session.add(found, recipe.value);
}

function listen() {
  $("open").addEventListener("click", () => $("file").click());
  $("choose").addEventListener("click", () => $("file").click());
  $("choose-folder").addEventListener("click", () => $("folder").click());
  for (const input of [$("file"), $("folder")]) {
    input.addEventListener("change", () => {
      if (input.files.length) take(images.chosen(input.files));
      input.value = "";
    });
  }
  listenToDrops();
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) take(images.chosen(event.clipboardData.files));
  });
  listenToHead();
  listenToTools();
  listenToSettings();
  session.addEventListener("change", refresh);
  session.addEventListener("read", ({ detail }) => detail.bitmap && announce(t("live.opened", { name: detail.name })));
  session.addEventListener("made", ({ detail }) => made(detail));
  session.addEventListener("woken", async ({ detail }) => (await addLayers(detail), refresh()));
  session.addEventListener("failed", ({ detail }) => failed(detail));
  setInterval(() => session.doing && showBusy(session.current), 1000);
  document.addEventListener("keydown", key);
  document.addEventListener("keyup", (event) => event.key === "b" && hold(false));
}

function listenToDrops() {
  let depth = 0;
  const over = (change) => {
    depth = change ? depth + change : 0;
    document.body.classList.toggle("is-over", depth > 0);
  };
  document.addEventListener("dragenter", () => over(1));
  document.addEventListener("dragleave", () => over(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(0);
    take(images.dropped(event.dataTransfer));
  });
}

function listenToHead() {
  $("language").addEventListener("click", async () => {
    const next = words.current() === "en" ? "zh" : "en";
    words.remember("pinsharp.language", next);
    await words.speak(next);
    recipe.build();
    putDownTools();
    refresh();
  });
  $("theme").addEventListener("click", () => {
    const isDark = getComputedStyle(document.documentElement).colorScheme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = isDark ? "light" : "dark";
    words.remember("pinsharp.theme", document.documentElement.dataset.theme);
  });
  $("help").addEventListener("click", () => $("keys").showModal());
  $("keys-close").addEventListener("click", () => $("keys").close());
  listenToTrouble(() => session.current);
}

function listenToTools() {
  for (const button of $("tools").querySelectorAll("button")) button.addEventListener("click", () => tool(button));
  viewer.addEventListener("change", showZoom);
  marks.addEventListener("change", ({ detail }) => measured(detail.kind));
  $("card-close").addEventListener("click", putDownTools);
  $("cancel").addEventListener("click", () => session.stop());
}

function listenToSettings() {
  recipe.addEventListener("change", refresh);
  recipe.addEventListener("profile", ({ detail }) => loadProfile(detail));
  $("restore").addEventListener("click", () => session.restore(session.current, recipe.value));
  $("restore-all").addEventListener("click", () => session.untouched.forEach((item) => session.restore(item, recipe.value)));
  $("force").addEventListener("click", () => {
    const { options, files } = shown().right.recipe;
    session.restore(session.current, { options: { ...options, force: true }, files });
  });
  $("download").addEventListener("click", download);
}

async function loadProfile(file) {
  try {
    const profile = JSON.parse(await file.text());
    if (!Array.isArray(profile.kernels)) throw new Error("no kernels");
    recipe.addProfile(file.name, file);
  } catch {
    fail(new api.ServiceError(t("error.profile", { name: file.name }), { status: 422 }));
  }
}

// What becomes of images

async function addLayers(run) {
  if (run.evidence) run.layers.evidence = await evidenceLayer(run.evidence);
  if (run.report.blur?.field) run.layers.field = fieldLayer(run.report.blur.field);
}

async function made({ item, run }) {
  await addLayers(run);
  if (item !== session.current) return;
  refresh();
  if (run.report.restored && run.number === 1) viewer.reveal();
  const { sigma } = run.report;
  announce(t("live.done", { name: item.name, verdict: verdictOf(run.report).words, width: figure(sigma), reason: reasonOf(run.report) }));
}

function failed({ item, error, recipe: asked }) {
  const again = asked ? () => session.restore(item, asked) : () => ((item.state = "waiting"), session.open(item, recipe.value));
  item.trouble = { error, again: error.mayPass ? again : null };
  if (item !== session.current) fail(error, item.trouble.again);
  refresh();
}

const announce = (sentence) => ($("live").textContent = sentence);

/** What is on the left and on the right: null is the original. */
function shown() {
  const item = session.current;
  return { item, left: item?.left ?? null, right: item?.right === undefined ? null : item.right };
}

function download() {
  const { item, right } = shown();
  if (!right) return;
  const [stem, suffix] = [item.name.replace(/\.[^.]+$/, ""), right.image.name.replace(/^.*\./, ".")];
  save(right.image, `${stem}-restored${right.number > 1 ? `-${right.number}` : ""}${suffix}`);
}

// What is shown

function refresh() {
  const { item, left, right } = shown();
  document.body.classList.toggle("is-empty", !session.items.length);
  $("drop").hidden = session.items.length > 0;
  $("view").hidden = !item?.bitmap;
  $("tools").hidden = !item?.bitmap;
  $("language").textContent = words.current() === "en" ? "中文" : "English";
  $("language").lang = words.current() === "en" ? "zh-Hans" : "en";
  showKeys();
  showAbout(item);
  showImages(item, left, right);
  showResult(item, right ?? left ?? item?.runs.at(-1));
  showVersions(item, left, right, (side, run) => ((item[side] = run), refreshTools(), refresh()));
  showActions(item, right);
  showBusy(item);
  showStrip(session, go);
  showTrouble();
}

function showAbout(item) {
  $("about-name").textContent = item?.name ?? "";
  const depth = item?.runs.at(-1)?.report.bits;
  const size = item?.bitmap ? `${item.bitmap.width} × ${item.bitmap.height}` : "";
  $("about-facts").textContent = [size, depth ? `${depth} bit` : ""].filter(Boolean).join(", ");
  document.title = item ? `${item.name}, pinsharp` : "pinsharp";
}

function showImages(item, left, right) {
  const pair = item?.runs.length ? [left, right] : [null, undefined];
  const [one, two] = pair.map((run) => (run === undefined ? null : (run?.bitmap ?? item?.bitmap ?? null)));
  for (const [side, run] of [["left", pair[0]], ["right", pair[1]]]) {
    const names = ["evidence", "field", "particles"].filter((name) => overlays.has(name) && !(name === "evidence" && !run));
    viewer.overlays[side] = names.map((name) => (run ?? (name === "particles" ? item : item?.runs.at(-1)))?.layers?.[name]).filter(Boolean);
  }
  viewer.show(one, two);
  $("tag-left").textContent = one ? sideOf(item, pair[0]) : "";
  $("tag-right").textContent = two ? sideOf(item, pair[1]) : "";
  const values = { left: $("tag-left").textContent, right: $("tag-right").textContent };
  const words_ = two ? t(`view.${viewer.mode}`, values) : one ? t("view.one", values) : t("view.empty");
  $("canvas").setAttribute("aria-label", item ? `${item.name}: ${words_}` : words_);
  $("view").setAttribute("aria-label", item?.name ?? t("view.empty"));
}

function showActions(item, right) {
  const isNew = item?.runs.length && !item.runs.some((run) => isSame(run.recipe, recipe.value));
  $("restore").textContent = t(item?.runs.length ? (isNew ? "restore.settings" : "restore.again") : "restore");
  $("restore").classList.toggle("primary", !item?.runs.length || Boolean(isNew));
  $("restore").disabled = !item || item.state === "reading" || session.doing?.item === item;
  $("download").classList.toggle("primary", Boolean(item?.runs.length) && !isNew);
  $("download").disabled = !right;
  $("download").textContent = right?.report.bits ? t("download.depth", { bits: right.report.bits }) : t("download");
}

function showBusy(item) {
  const doing = item && session.doing?.item === item;
  const waits = session.queue.some((one) => one.item === item);
  const isReading = item?.state === "reading";
  $("busy").hidden = !(doing || waits || isReading);
  $("progress").hidden = !doing;
  $("progress").setAttribute("aria-label", t("working"));
  const seconds = doing ? Math.floor((performance.now() - session.doing.begun) / 1000) : 0;
  const said = t(isReading ? "working.preview" : doing ? "working" : "working.queue");
  $("busy-text").textContent = seconds > 2 ? t("working.since", { what: said, seconds }) : said;
  $("cancel").hidden = isReading;
}

function go(item) {
  putDownTools();
  forget();
  session.open(item, recipe.value);
}

function showKeys() {
  const rows = [[["←", "→", "↑", "↓"], "pan"], [["+", "−"], "zoom"], [["0", "1", "2", "4", "8"], "scale"], [["[", "]"], "divider"], [["B"], "original"], [["PgUp", "PgDn"], "images"], [["Ctrl V"], "paste"]];
  $("keys-list").replaceChildren(...rows.flatMap(([keys, name]) => [make("dt", {}, ...keys.flatMap((one) => [make("kbd", {}, one), " "])), make("dd", {}, t(`keys.${name}`))]));
}

// Tools

function tool(button) {
  const { zoom, mode, overlay, tool: name } = button.dataset;
  if (zoom) return zoom === "fit" ? viewer.fit() : viewer.setZoom(Number(zoom));
  if (mode) viewer.setMode(mode);
  if (overlay) toggleOverlay(overlay);
  if (name) takeTool(marks.kind === name ? null : name);
  refreshTools();
  refresh();
}

function showZoom() {
  for (const button of document.querySelectorAll("[data-zoom]")) {
    const is = button.dataset.zoom === "fit" ? viewer.isFitted : !viewer.isFitted && Math.abs(viewer.zoom / Number(button.dataset.zoom) - 1) < 0.01;
    button.setAttribute("aria-pressed", String(is));
  }
}

function refreshTools() {
  const pressed = { mode: (name) => viewer.mode === name, overlay: (name) => overlays.has(name), tool: (name) => marks.kind === name };
  for (const [kind, is] of Object.entries(pressed)) {
    for (const button of document.querySelectorAll(`[data-${kind}]:not(.view)`)) button.setAttribute("aria-pressed", String(is(button.dataset[kind])));
  }
}

function takeTool(name) {
  closeCard();
  marks.take(name);
}

function putDownTools() {
  marks.take(null);
  overlays.delete("particles");
  closeCard();
  refreshTools();
  refresh();
}

function measured(kind) {
  const { item } = shown();
  if (kind === "line") lineCard(marks, viewer, { left: $("tag-left").textContent, right: $("tag-right").textContent });
  else edge.show(item, recipeOfCamera());
}

/** What of the settings a camera's profile is measured with. */
const recipeOfCamera = () => JSON.parse(JSON.stringify({ light: recipe.value.options.light, white_level: recipe.value.options.white_level }));

function toggleOverlay(name) {
  if (overlays.delete(name)) return closeCard();
  overlays.add(name);
  if (name === "particles") return findParticles();
  const { right } = shown();
  if (name === "evidence") openCard(t("evidence.title"), make("p", { class: "faint" }, t(right && !right.report.restored ? "evidence.none" : "evidence.text")));
}

async function findParticles() {
  const { item, left, right } = shown();
  openCard(t("particles.title"), make("p", { class: "faint" }, t("particles.working")));
  try {
    const sides = [];
    for (const run of [left, right]) {
      const holder = run ?? item;
      holder.particles ??= await api.detect(run?.image ?? item.file);
      holder.layers.particles = particlesLayer(holder.particles);
      sides.push(holder.particles);
    }
    if (!overlays.has("particles") || item !== session.current) return;
    particlesCard(...sides);
    announce($("card-body").innerText);
    refresh();
  } catch (error) {
    overlays.delete("particles");
    closeCard();
    refreshTools();
    fail(error);
  }
}

// Keys of the whole page

function key(event) {
  if (event.key === "Escape" && (marks.kind || !$("card").hidden) && !$("keys").open) return putDownTools();
  if (!event.target.closest?.(".view") || event.ctrlKey || event.metaKey) return;
  if (event.key === "b" && !event.repeat) hold(true);
  const step = { PageUp: -1, PageDown: 1 }[event.key];
  if (step) {
    event.preventDefault();
    const next = session.items[session.items.indexOf(session.current) + step];
    if (next) go(next);
  }
}

function hold(is) {
  viewer.isHeld = is;
  viewer.draw();
}

export { session, viewer };
