// Draws parts of a page anew only when what they show has changed, and leaves the focus where it was.

import { setChildren } from "./elements.js";

/** A function that fills a place with the parts that `make` gives, if `data` differs from the last time. */
export function redrawer() {
  const drawn = new Map();
  return (place, data, make) => {
    const key = JSON.stringify(data ?? null);
    if (drawn.get(place) === key) return;
    drawn.set(place, key);
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
    setChildren(place, ...make());
    if (focused) [...place.querySelectorAll("[data-focus]")].find((each) => each.dataset.focus === focused)?.focus();
  };
}
