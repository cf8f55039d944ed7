// What people add to the numbers: what performed, points of attention, decisions, planned actions; and notes on method.

import { linkTo, say, termed, texts } from "./context.js";
import { element } from "./elements.js";
import { earlierOf, metricLink } from "./figures.js";
import { smallNotice } from "./notices.js";
import { amount, comparison, day, inWords, nameOf } from "./values.js";

const MOST = 5;

/** Decisions and actions of the weekly ritual; on the overview also what performed and what needs attention. */
export function decisionsCard(card, page) {
  const { decisions, actions, performed, attention } = { decisions: [], actions: [], performed: [], attention: [], ...card.data };
  const cardsOf = (entries) => entries.map(({ metric }) => page.cards.find((each) => each.metric === metric)).filter(Boolean);
  const columns =
    page.kind === "overview"
      ? [performedColumn(cardsOf(performed), page), attentionColumn(cardsOf(attention), page), plannedColumn(actions)]
      : [decidedColumn(decisions), plannedColumn(actions)];
  const made = element("div", { class: "cards wide" }, ...columns);
  for (const each of columns) each.classList.add(columns.length === 3 ? "third" : "half");
  return made;
}

function column(title, items, emptyTitle, emptyHint, link) {
  return element(
    "section",
    { class: "card" },
    element("div", { class: "head" }, element("h3", {}, title), link ?? null),
    items.length ? element("ul", { class: "points" }, ...items) : smallNotice(emptyTitle, emptyHint),
  );
}

function moved(card, page) {
  return comparison(card.value, earlierOf(card, page.compare), card);
}

function performedColumn(cards, page) {
  return column(texts.performed, cards.map((card) => point(card, moved(card, page))), texts.performed_none, texts.performed_none_hint);
}

function attentionColumn(cards, page) {
  return column(texts.attention, cards.map((card) => point(card, moved(card, page), inWords(card.decision))), texts.attention_none, texts.attention_none_hint);
}

function point(card, found, more = "") {
  const { status } = card;
  const facts = [amount(card.value, card), found ? `${found.arrow}\u00a0${found.text}` : "", status && status !== "none" ? texts[`status_${status}`] : "", card.owner].filter(Boolean);
  return element("li", { "data-status": status }, element("span", {}, metricLink(card)), element("small", {}, facts.join(" · ")), more ? element("small", {}, termed(texts.decision, more)) : null);
}

function digestLink() {
  return element("a", { class: "button quiet-button no-print", href: linkTo("/digest") }, texts.open_ritual);
}

function plannedColumn(actions) {
  return column(texts.planned_actions, actions.slice(0, MOST).map(actionPoint), texts.actions_none, texts.actions_none_hint, digestLink());
}

function actionPoint({ text, owner, due, expected_effect: effect, budget, status }) {
  const facts = [
    owner ? `${texts.owner} ${owner}` : "",
    due ? say(texts.due_day, { day: day(due) }) : "",
    effect ? termed(texts.expected_effect, effect) : "",
    budget !== null && budget !== undefined && budget !== "" ? `${texts.budget} ${amount(budget, { unit: "money", decimals: 0 })}` : "",
    status === "done" ? texts.action_done : "",
  ].filter(Boolean);
  return element("li", { "data-status": status === "done" ? "green" : "none" }, element("span", {}, text), element("small", {}, facts.join(" · ")));
}

function decidedColumn(decisions) {
  const items = decisions.slice(0, MOST).map(({ course, text, owner, week }) =>
    element("li", {}, element("span", {}, element("b", {}, termed(nameOf("course", course))), text), element("small", {}, [owner, week].filter(Boolean).join(" · "))),
  );
  return column(texts.decisions, items, texts.decisions_none, texts.decisions_none_hint, digestLink());
}

/** How each number of this board is computed, and how to read it. */
export function methodCard(card) {
  const { definitions, timezone, currency } = card.data;
  const entries = definitions.map((each) =>
    element("div", {}, element("dt", {}, each.label), element("dd", {}, each.definition, each.formula ? element("span", {}, " ", element("code", {}, each.formula)) : null)),
  );
  return element(
    "section",
    { class: "card" },
    element("div", { class: "head" }, element("h3", {}, inWords(card.label) || texts.method)),
    element("p", { class: "hint" }, say(texts.method_text, { timezone, currency })),
    element("details", { class: "open-in-print" }, element("summary", {}, say(texts.glossary_of, { number: String(entries.length) })), element("dl", { class: "glossary" }, ...entries)),
  );
}
