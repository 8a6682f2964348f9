// What is drawn over the image: evidence, the blur's field, particles and pins.

import { colourOf } from "./plots.js";
import { rangeOf } from "./panel.js";

const ORANGE = [255, 122, 26];

/** Evidence as a layer: colour where a place was only found likely, the stronger the less the data say of it. */
export async function evidenceLayer(blob) {
  const grey = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(grey.width, grey.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(grey, 0, 0);
  const pixels = pen.getImageData(0, 0, grey.width, grey.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    const share = pixels.data[at];
    pixels.data.set([...ORANGE, 0.65 * share], at);
  }
  pen.putImageData(pixels, 0, 0);
  return (context, { left, top, scale, image }) => {
    context.drawImage(canvas, left, top, image.width * scale, image.height * scale);
  };
}

/** The width of the blur as colours, and what single windows said, the larger the more it counts. */
export function fieldLayer(field) {
  const [low, high] = rangeOf(field);
  const share = (width) => (width - low) / (high - low || 1);
  const table = new OffscreenCanvas(field.widths[0].length, field.widths.length);
  const pen = table.getContext("2d");
  field.widths.forEach((row, y) =>
    row.forEach((width, x) => {
      pen.fillStyle = css(colourOf(share(width)));
      pen.fillRect(x, y, 1, 1);
    }),
  );
  const most = Math.max(...field.windows.map((one) => one[3]));
  return (context, { left, top, scale, image }) => {
    const [x, y] = [image.width / field.image[1], image.height / field.image[0]];
    context.save();
    context.imageSmoothingEnabled = true;
    context.globalAlpha = 0.5;
    context.drawImage(table, left, top, image.width * scale, image.height * scale);
    context.globalAlpha = 1;
    for (const [row, column, width, weight] of field.windows) {
      context.beginPath();
      context.arc(left + column * x * scale, top + row * y * scale, 3 + 7 * Math.sqrt(weight / most), 0, 2 * Math.PI);
      context.fillStyle = css(colourOf(share(width)));
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = "#fff";
      context.stroke();
    }
    context.restore();
  };
}

/** Particles as rings; pins as frames, dashed and red where they fail. */
export function particlesLayer({ particles, pins }) {
  return (context, { left, top, scale }) => {
    context.save();
    for (const pin of pins) {
      context.setLineDash(pin.passed ? [] : [6, 4]);
      context.lineWidth = pin.passed ? 1.5 : 2.5;
      context.strokeStyle = pin.passed ? "#56b4e9" : "#ff6b3d";
      context.strokeRect(left + pin.left * scale, top + pin.top * scale, (pin.right - pin.left) * scale, (pin.bottom - pin.top) * scale);
    }
    context.setLineDash([]);
    for (const { row, column, diameter } of particles) {
      for (const [width, colour] of [[3.5, "rgb(0 0 0 / .7)"], [1.5, "#f0e442"]]) {
        context.beginPath();
        context.arc(left + (column + 0.5) * scale, top + (row + 0.5) * scale, Math.max(0.6 * diameter * scale, 3), 0, 2 * Math.PI);
        context.lineWidth = width;
        context.strokeStyle = colour;
        context.stroke();
      }
    }
    context.restore();
  };
}

const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;
