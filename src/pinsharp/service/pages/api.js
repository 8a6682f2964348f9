// The service, as this page asks it. Whatever goes wrong is a ServiceError with one sentence.

import { t } from "./words.js";

let key = sessionStorage.getItem("pinsharp.key");

export class ServiceError extends Error {
  constructor(sentence, { status = 0, isForeign = false } = {}) {
    super(sentence);
    this.status = status;
    this.isForeign = isForeign; // said by the service, in English
  }

  /** Whether it is worth another try as it is. */
  get mayPass() {
    return [0, 401, 408, 429, 499, 500, 502, 503, 504].includes(this.status);
  }
}

export function useKey(words) {
  key = words;
  sessionStorage.setItem("pinsharp.key", words);
}

/** What this service offers: models, names of profiles, limits. */
export async function offers() {
  return (await call("v1/page")).json();
}

/** An image as a PNG of 8 bits that every browser shows. */
export async function view(file, options, signal) {
  return (await call("v1/view", { body: form({ image: file }, options), signal })).blob();
}

/** Restore an image: the report, the result as a file, and what there is to be seen of it. */
export async function show(file, options, files, signal) {
  const headers = { Accept: "multipart/form-data" };
  const answer = await call("v1/restore", { body: form({ image: file, ...files }, options), headers, signal });
  const parts = await answer.formData();
  return {
    report: JSON.parse(parts.get("report")),
    image: parts.get("image"),
    before: parts.get("before"),
    after: parts.get("after"),
    evidence: parts.get("evidence"),
  };
}

/** Particles and pins of an image. */
export async function detect(file, signal) {
  const headers = { Accept: "application/json" };
  return (await call("v1/detect", { body: form({ image: file }), headers, signal })).json();
}

/** The profile of a camera by an edge within a box of an image. */
export async function profile(file, box, options, signal) {
  const edges = [box.left, box.top, box.right, box.bottom];
  const body = form({ edge: file }, { ...options, box: edges });
  return (await call("v1/profile", { body, headers: { Accept: "application/json" }, signal })).json();
}

function form(files, options = {}) {
  const body = new FormData();
  body.set("options", JSON.stringify(options));
  for (const [name, file] of Object.entries(files)) body.set(name, file);
  return body;
}

async function call(path, { body = null, headers = {}, signal } = {}) {
  const asked = { method: body ? "POST" : "GET", body, headers: { ...headers }, signal, cache: "no-store" };
  if (key) asked.headers.Authorization = `Bearer ${key}`;
  let answer;
  try {
    answer = await fetch(path, asked);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError(t("error.gone"));
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => null);
  if (typeof problem?.detail === "string") {
    throw new ServiceError(problem.detail, { status: answer.status, isForeign: true });
  }
  throw new ServiceError(t("error.status", { status: answer.status }), { status: answer.status });
}
