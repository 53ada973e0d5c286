// Elements, numbers and words. Text enters the page as text, never as markup.

const data = JSON.parse(document.getElementById('data').textContent);
const causes = data.causes || [];
const SVG = document.getElementById('svg').namespaceURI;

// Makes an element; children are elements or texts.
function el(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (name.startsWith('aria-')) element.setAttribute(name, String(value));
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Width in pixels that charts have on paper (A4 or letter, less margins); 0 on a screen.
let paper = 0;
const byId = (id) => document.getElementById(id);

function number(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

function count(n, one) {
  const many = /[sh]$/.test(one) ? one + 'es' : one + 's';
  return number(n) + ' ' + (n === 1 ? one : many);
}

function percent(part, whole) {
  if (!whole) return '0%';
  return (part / whole * 100).toFixed(1).replace(/\.0$/, '') + '%';
}

// Splits at backticks: what stands between them is code. An odd number of them is left alone.
function prose(text) {
  const pieces = text.split('`');
  if (pieces.length % 2 === 0) return [text];
  return pieces.map((piece, i) => (i % 2 ? el('code', {}, piece) : piece)).filter((p) => p !== '');
}

// Tells a screen reader what changed; the last of several quick changes counts.
let telling = 0;
function tell(text) {
  clearTimeout(telling);
  telling = setTimeout(() => { byId('live').textContent = text; }, 150);
}

function button(label, act, attributes) {
  return el('button', { type: 'button', click: act, ...attributes }, label);
}
