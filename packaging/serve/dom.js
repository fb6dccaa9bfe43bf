/* dom: makes elements. Texts become text nodes, so nothing that the API sends is ever read as HTML. */

/* Attributes: null and false leave one out, and true sets an empty one. on: { event: listener }. */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on')
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

/* A label around its control. */
export function field(name, control, more = {}) {
  return make('label', { class: 'field', ...more }, make('span', {}, name), control);
}

/* A <select>. choices: [value, text]. A value that is not among them is added, so that the page never shows another
 * filter than the one that counts. */
export function select(choices, value, attributes = {}) {
  const node = make('select', attributes);
  setChoices(node, choices, value);
  return node;
}

export function setChoices(node, choices, value) {
  const all = choices.some(([one]) => one === value) ? choices : [...choices, [value, value]];
  node.replaceChildren(...all.map(([one, text]) => make('option', { value: one }, text)));
  node.value = value;
}

/* Writes only a change, because a screen reader reads out each text that is written to a live region. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

let labels = 0;
/* A number that no other element of the page has, for ids. */
export function uniqueId(prefix) {
  labels += 1;
  return `${prefix}-${labels}`;
}
