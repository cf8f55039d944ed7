// A renderer for each kind of card: the card in, an element out. No fetching here but where a card says so.

import { linkTo, say, texts } from "./context.js";
import { definitionButton } from "./definition.js";
import { element } from "./elements.js";
import { figure, starFigure } from "./figures.js";
import { funnelCard } from "./funnel_card.js";
import { smallNotice } from "./notices.js";
import { decisionsCard, methodCard } from "./ritual.js";
import { seriesPanel } from "./series.js";
import { heatMap, metricPivot, metricTable, partBars, partsOf, stageTable } from "./tables.js";
import { treeView } from "./tree_view.js";
import { amount, comparison, dimensionName, inWords } from "./values.js";

const RENDERERS = {
  number: (card, page) => figure(card, page),
  line: lineCard,
  bars: barsCard,
  segments: barsCard,
  table: tableCard,
  stages: (card, page) => framed(card, texts.stages, (card.rows ?? []).length ? stageTable(card.rows, page) : nothing()),
  funnel: (card, page) => framed(card, titleOf(card, texts.funnel_title), funnelCard(card, page)),
  cohorts: cohortsCard,
  tree: (card, page) => element("div", { class: "wide" }, treeView(card.data, page)),
  alerts: alertsCard,
  decisions: decisionsCard,
  notes: methodCard,
};

const WIDTHS = { line: "half", bars: "half", segments: "half", funnel: "half", alerts: "half" };

/** A card as an element with its width, or a notice in its place when it cannot be shown. */
export function renderCard(card, page) {
  const width = WIDTHS[card.kind] ?? "";
  const made = card.error ? failed(card) : (RENDERERS[card.kind] ?? unknown)(card, page);
  if (width) made.classList.add(width);
  return made;
}

export const isNumber = (card) => card.kind === "number";
export const renderStar = (card, page) => (card.error ? failed(card) : starFigure(card, page));

const titleOf = (card, otherwise) => inWords(card.label) || otherwise;

function framed(card, title, ...content) {
  return element("section", { class: "card" }, element("div", { class: "head" }, element("h3", {}, titleOf(card, title))), ...content);
}

const nothing = () => smallNotice(texts.card_empty, texts.card_empty_hint);

/** What could not be read says so where it would stand, with what the server said. */
function failed(card) {
  return element("section", { class: "card" }, element("h3", {}, titleOf(card, card.metric ?? "")), smallNotice(texts.card_failed, card.error));
}

const unknown = (card) => framed(card, card.kind, smallNotice(texts.card_unknown, card.kind));

/** Metrics one below the other; by segment when the card splits. */
function tableCard(card, page) {
  if (!card.rows.length) return framed(card, texts.metrics, nothing());
  if (!card.split) return framed(card, texts.metrics, metricTable(card.rows, page, titleOf(card, texts.metrics)));
  return framed(card, say(texts.by_dimension, { dimension: dimensionName(card.split) }), metricPivot(card.rows, titleOf(card, card.split)));
}

function lineCard(card, page) {
  const known = (card.trend ?? []).filter(({ value }) => value !== null && value !== undefined);
  if (known.length === 0) return failedToShow(card);
  const points = card.trend.map((point) => ({ settled: true, ...point }));
  if (card.settled === false) points.at(-1).settled = false;
  return seriesPanel(card, points, page);
}

const failedToShow = (card) => framed(card, "", nothing());

function barsCard(card, page) {
  const dimension = card.split;
  const title = `${inWords(card.label)} · ${say(texts.by_dimension, { dimension: dimensionName(dimension) })}`;
  const parts = partsOf(card.rows ?? []).map((part, index) => ({
    ...part,
    note: noteOf(card.rows[index], card),
    href: part.isOthers ? "" : linkTo(`/metrics/${encodeURIComponent(card.metric)}`, { ...page.carried, split: dimension }),
  }));
  const content = parts.length ? partBars(parts, card) : nothing();
  const link = element("a", { href: linkTo(`/metrics/${encodeURIComponent(card.metric)}`, { ...page.carried, split: dimension }) }, title);
  return element("section", { class: "card" }, element("div", { class: "head" }, element("h3", {}, link), definitionButton(card)), content);
}

function noteOf(row, card) {
  const found = comparison(row.value, row.previous, card);
  return found ? `${found.arrow}\u00a0${found.text}` : "";
}

function cohortsCard(card) {
  const title = say(texts.cohorts_of, { subject: texts[`subject_${card.subject}`] });
  const isEmpty = !card.data.cohorts.some(({ size }) => size > 0);
  return framed(card, title, isEmpty ? smallNotice(texts.cohorts_empty, texts.cohorts_empty_hint) : heatMap(card.data));
}

function alertsCard(card) {
  const { alerts } = card.data;
  const all = element("a", { class: "small-link no-print", href: linkTo("/alerts") }, texts.all_alerts);
  const made = element("section", { class: "card" }, element("div", { class: "head" }, element("h3", {}, titleOf(card, texts.alerts_firing)), all));
  if (alerts.length === 0) made.append(smallNotice(texts.alerts_quiet, texts.alerts_quiet_hint));
  else made.append(element("ul", { class: "rows" }, ...alerts.map(alertRow)));
  if (card.data.firing > alerts.length) made.append(element("p", { class: "key-line" }, element("a", { href: linkTo("/alerts", { state: "open" }) }, say(texts.more_alerts, { number: String(card.data.firing - alerts.length) }))));
  return made;
}

function alertRow({ rule, alert, metric, condition, state, value, owner, annotations }) {
  const shown = typeof value === "number" ? amount(value, { unit: "count", decimals: value % 1 ? 3 : 0 }, { minimumFractionDigits: 0 }) : "";
  return element(
    "li",
    {},
    element("span", {}, element("a", { href: linkTo("/alerts", { rule }) }, alert)),
    element("span", { class: "badge", "data-state": state }, texts[`state_${state}`] ?? state),
    element("span", { class: "under" }, [`${metric} ${condition}`, shown, owner].filter(Boolean).join(" · ")),
    annotations?.summary && state === "firing" ? element("span", { class: "under" }, annotations.summary) : null,
  );
}
