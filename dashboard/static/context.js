// What the server told the page: its words, locale, time zone, currency, today, and what is special to it.

export const context = JSON.parse(document.getElementById("context").textContent);
export const { texts } = context;

/** A text with its `{names}` filled in. */
export const say = (text, values = {}) => text.replaceAll(/\{(\w+)\}/g, (_whole, name) => values[name] ?? "");

/** "Decision: …", with the space that French wants. */
export const termed = (term, words = "") => say(texts.termed, { term, words });

/** An address of ours that keeps the language. */
export function linkTo(path, values = {}) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  query.set("lang", context.language);
  return `${path}?${query}`;
}
