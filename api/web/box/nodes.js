// Nodes from data. Text becomes text nodes, never markup; an address becomes a link only if it is one.

/** An element. Properties starting with "on" are listeners; children are nodes or plain text. */
function make(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child || child === ""));
  return node;
}

const ICONS = {
  up: "M7 11v9H4v-9zm0 0 4-8c1.7 0 2.5 1 2.5 2.5V9H19a2 2 0 0 1 2 2.3l-1.2 7A2 2 0 0 1 17.8 20H7",
  down: "M17 13V4h3v9zm0 0-4 8c-1.7 0-2.5-1-2.5-2.5V15H5a2 2 0 0 1-2-2.3l1.2-7A2 2 0 0 1 6.2 4H17",
  close: "M6 6l12 12M18 6 6 18",
  talk: "M21 12a8 8 0 0 1-8 8H3.5l1.7-3A8 8 0 1 1 21 12zM9 10.5h7M9 14h4",
  silent: "M14 3H6v18h12V7zv4h4M10 14.5a2 2 0 1 1 2.5 1.9",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** The address as a link may carry it, or null where it is none of these schemes. */
function address(text, schemes = ["http:", "https:"], base = undefined) {
  try {
    const url = new URL(text, base);
    return schemes.includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

const text = (value) => (typeof value === "string" ? value : "");
const list = (value) => (Array.isArray(value) ? value : []);
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, key) => values[key]);
