// Files as images: those that were dropped, chosen or pasted, and their pixels for the canvas.

import * as api from "./api.js";

const SUFFIXES =
  /\.(png|jpe?g|jfif|tiff?|bmp|dib|webp|p[bgpn]m|pam|pfm|jp2|j2k|jpf|jpx|jxl|jls|avif|heic|heif|npy|dcm|raw|dng|nef|cr2|cr3|arw|raf|orf|rw2)$/i;
const THUMB = { width: 168, height: 112 };

/** Images among what was dropped, those in folders too, in order of their names. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return chosen(transfer.files);
  const found = await Promise.all(entries.map((entry) => within(entry, entry.isFile)));
  return found.flat();
}

/** Images among files: single ones whatever their names are, those of folders by their suffix. */
export function chosen(files) {
  return [...files]
    .filter((file) => !file.webkitRelativePath || SUFFIXES.test(file.name))
    .sort((one, two) => (one.webkitRelativePath || one.name).localeCompare(two.webkitRelativePath || two.name, undefined, { numeric: true }));
}

async function within(entry, isNamed) {
  if (entry.isFile) {
    if (!isNamed && !SUFFIXES.test(entry.name)) return [];
    return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  }
  const reader = entry.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    all.push(...some);
  }
  all.sort((one, two) => one.name.localeCompare(two.name, undefined, { numeric: true }));
  return (await Promise.all(all.map((one) => within(one, false)))).flat();
}

/** Pixels of a file for the canvas: by the browser where it shows all of them as they are, else by the service. */
export async function pixels(file, options = {}, signal = undefined) {
  if (await isPlain(file)) {
    try {
      return await createImageBitmap(file, { colorSpaceConversion: "none" });
    } catch {
      // Not for this browser; the service says what is wrong with it, if anything is.
    }
  }
  return createImageBitmap(await api.view(file, options, signal), { colorSpaceConversion: "none" });
}

/** A file reduced for a small picture, if the browser shows it and it is not large; null otherwise. */
export async function glance(file) {
  if (file.size > 2 ** 23 || !(await isPlain(file))) return null;
  return createImageBitmap(file, { resizeWidth: 2 * THUMB.width, resizeQuality: "medium" }).catch(() => null);
}

/** Whether a file is a PNG, JPEG, WebP or BMP of 8 bits whose pixels lie as they are to be seen. */
async function isPlain(file) {
  const head = new Uint8Array(await file.slice(0, 65_536).arrayBuffer());
  const text = String.fromCharCode(...head.subarray(0, 16));
  if (text.startsWith("\x89PNG")) return head[24] === 8 && head[25] !== 3 && !hasAlpha(head);
  if (head[0] === 0xff && head[1] === 0xd8) return !isTurned(head);
  return text.startsWith("BM");
}

const hasAlpha = (head) => head[25] === 4 || head[25] === 6;

/** Whether a JPEG says that it is to be turned, which browsers do and pinsharp does not. */
function isTurned(head) {
  const view = new DataView(head.buffer);
  for (let at = 2; at + 12 < head.length && head[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    if (head[at + 1] === 0xe1 && view.getUint32(at + 4) === 0x45786966) return true;
    if (head[at + 1] === 0xda) break;
  }
  return false;
}

/** Draw a small picture of an image. */
export function thumb(canvas, bitmap) {
  Object.assign(canvas, THUMB);
  const scale = Math.max(THUMB.width / bitmap.width, THUMB.height / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, (THUMB.width - width) / 2, (THUMB.height - height) / 2, width, height);
}

/** Brightness (0 to 255) along a line, a sample every half pixel, between pixels by their distance. */
export function alongLine(bitmap, from, to) {
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x)) - 1);
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y)) - 1);
  const width = Math.min(bitmap.width - left, Math.ceil(Math.abs(from.x - to.x)) + 3);
  const height = Math.min(bitmap.height - top, Math.ceil(Math.abs(from.y - to.y)) + 3);
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(bitmap, -left, -top);
  const { data } = pen.getImageData(0, 0, width, height);
  const luma = (x, y) => {
    const at = 4 * (Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1));
    return 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  };
  const steps = Math.max(2, Math.round(2 * Math.hypot(to.x - from.x, to.y - from.y)));
  return Array.from({ length: steps + 1 }, (_, step) => {
    const x = from.x + ((to.x - from.x) * step) / steps - left - 0.5;
    const y = from.y + ((to.y - from.y) * step) / steps - top - 0.5;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [across, down] = [x - column, y - row];
    return (
      (1 - down) * ((1 - across) * luma(column, row) + across * luma(column + 1, row)) +
      down * ((1 - across) * luma(column, row + 1) + across * luma(column + 1, row + 1))
    );
  });
}
