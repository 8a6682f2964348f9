// The drawings of the panel: interval, kernel, transfer function, field, and brightness along a line.

import { clamp, draw, figure } from "./dom.js";

// cividis, which reads the same for all eyes and in black and white, at nine equal steps.
const CIVIDIS = ["00224e", "15376d", "434e6c", "5f6370", "7b7b78", "99936f", "bcac63", "dec958", "fee838"].map((one) =>
  [0, 2, 4].map((at) => parseInt(one.slice(at, at + 2), 16)),
);

/** The colour of a value from 0 to 1, as [red, green, blue]. */
export function colourOf(value) {
  const place = clamp(value, 0, 1) * (CIVIDIS.length - 1);
  const low = Math.min(Math.floor(place), CIVIDIS.length - 2);
  return CIVIDIS[low].map((from, part) => Math.round(from + (CIVIDIS[low + 1][part] - from) * (place - low)));
}

/** A table of numbers as colours on a canvas, a pixel a number. */
export function paintTable(canvas, rows, low, high) {
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, number) => {
    pixels.data.set([...colourOf((value - low) / (high - low || 1)), 255], 4 * number);
  });
  pen.putImageData(pixels, 0, 0);
}

/** A width in pixels with its interval on a scale that begins at zero. */
export function intervalPlot(width, [low, high], label) {
  const most = Math.max(6, Math.ceil(high));
  const at = (value) => 4 + (clamp(value, 0, most) / most) * 292;
  const step = most > 12 ? 4 : most > 6 ? 2 : 1;
  const ticks = [];
  for (let value = 0; value <= most; value += step) {
    ticks.push(draw("line", { class: "axis", x1: at(value), x2: at(value), y1: 8, y2: 12 }));
    ticks.push(draw("text", { x: at(value), y: 24, "text-anchor": "middle" }, String(value)));
  }
  return draw(
    "svg",
    { class: "plot interval-plot", viewBox: "0 0 300 27", role: "img", "aria-label": label },
    draw("line", { class: "axis", x1: at(0), x2: at(most), y1: 8, y2: 8 }),
    ...ticks,
    draw("line", { class: "span", x1: at(low), x2: Math.max(at(high), at(low) + 1), y1: 8, y2: 8 }),
    draw("circle", { class: "point", cx: at(width), cy: 8, r: 5 }),
  );
}

/** Transfer functions over frequency from 0 to half a cycle a pixel. */
export function mtfPlot(frequency, values, half, label) {
  const [left, top, width, height] = [22, 6, 150, 140];
  const x = (value) => left + (value / 0.5) * width;
  const y = (value) => top + (1 - clamp(value, -0.15, 1)) * (height / 1.1);
  const svg = frame(176, 162, label);
  for (const [value, words] of [[0, "0"], [0.5, "0.5"], [1, "1"]]) {
    svg.append(draw("line", { class: "axis", x1: left, x2: left + width, y1: y(value), y2: y(value) }));
    svg.append(draw("text", { x: left - 5, y: y(value) + 3.5, "text-anchor": "end" }, words));
  }
  for (const value of [0, 0.25, 0.5]) {
    svg.append(draw("text", { x: x(value), y: 158, "text-anchor": value === 0.5 ? "end" : "middle" }, String(value)));
  }
  if (half) svg.append(draw("path", { class: "dashed", d: `M${left} ${y(0.5)}H${x(half)}V${y(0)}` }));
  svg.append(draw("path", { class: "after", d: path(frequency.map((one, at) => [x(one), y(values[at])])) }));
  return svg;
}

/** Brightness along a line, 0 to 255, of one image or two. */
export function linePlot(length, curves, label) {
  const [left, top, width, height] = [26, 6, 330, 108];
  const svg = frame(364, 134, label);
  const all = curves.flatMap((curve) => curve.values);
  const low = Math.max(0, Math.floor((Math.min(...all) - 4) / 10) * 10);
  const high = Math.min(255, Math.ceil((Math.max(...all) + 4) / 10) * 10);
  const y = (value) => top + (1 - (value - low) / (high - low || 1)) * height;
  for (const value of [low, high]) {
    svg.append(draw("line", { class: "axis", x1: left, x2: left + width, y1: y(value), y2: y(value) }));
    svg.append(draw("text", { x: left - 5, y: y(value) + 3.5, "text-anchor": "end" }, String(value)));
  }
  svg.append(draw("text", { x: left, y: 130, "text-anchor": "middle" }, "0"));
  svg.append(draw("text", { x: left + width, y: 130, "text-anchor": "end" }, `${figure(length)} px`));
  for (const { name, values } of curves) {
    const points = values.map((value, at) => [left + (at / (values.length - 1)) * width, y(value)]);
    svg.append(draw("path", { class: name, d: path(points) }));
  }
  return svg;
}

/** Pixels over which a curve rises from 10 to 90 % between its ends; null where it is not one step. */
export function rise(values, length) {
  const ends = Math.max(2, Math.round(values.length / 10));
  const mean = (part) => part.reduce((sum, one) => sum + one, 0) / part.length;
  const [low, high] = [mean(values.slice(0, ends)), mean(values.slice(-ends))];
  if (Math.abs(high - low) < 20) return null;
  const share = values.map((value) => (value - low) / (high - low));
  if (share.filter((value, at) => at && value > 0.5 !== share[at - 1] > 0.5).length !== 1) return null;
  const end = share.findIndex((one) => one >= 0.9);
  const begin = share.slice(0, end).findLastIndex((one) => one <= 0.1);
  if (begin < 0 || end < 0) return null;
  const cross = (at, level) => at + (level - share[at]) / (share[at + 1] - share[at]);
  return ((cross(end - 1, 0.9) - cross(begin, 0.1)) * length) / (values.length - 1);
}

const path = (points) => points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

const frame = (width, height, label) =>
  draw("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
