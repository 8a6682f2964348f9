// Small help with elements and figures.

export const $ = (id) => document.getElementById(id);

/** An element with attributes and children; words become text, never HTML. */
export function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same of SVG. */
export function draw(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Two digits behind the point below 10, one above: 2.31, 14.2. */
export const figure = (value) => value.toFixed(Math.abs(value) < 9.995 ? 2 : 1);

/** A file for the user to keep. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
