// Builds and fills elements. Words always go in as text, never as markup: event names come from strangers.

/** An element with properties (`class`, `data-*`, `aria-*`, any attribute) and children (nodes or text). */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value !== null && value !== undefined && value !== "") made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Sets a text only when it differs; tells whether it did. */
export function setText(target, text) {
  if (target.textContent === text) return false;
  target.textContent = text;
  return true;
}

export function setChildren(target, ...children) {
  target.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}
