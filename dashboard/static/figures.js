// Key figures: a metric's value with its change, colour, trend, goal, decision, owner, and how complete it is.

import { linkTo, say, termed, texts } from "./context.js";
import { definitionButton, targetText } from "./definition.js";
import { element } from "./elements.js";
import { carried } from "./question.js";
import { sparkLine } from "./spark.js";
import { amount, comparison, days, instant, inWords, isoDay, wholeShare } from "./values.js";

const isThere = (value) => value !== null && value !== undefined;

/** What a card is compared with: the period before, or the same days a year before. */
export const earlierOf = (card, compare) => (compare === "year" ? card.last_year : card.previous);

export const metricLink = (card, name = inWords(card.label)) =>
  element("a", { href: linkTo(`/metrics/${encodeURIComponent(card.metric)}`, carried()) }, name);

/** A colour as a word and a shape; nothing without thresholds. */
export function statusBadge(status) {
  if (!status || status === "none") return null;
  return element("span", { class: "status", "data-status": status }, texts[`status_${status}`]);
}

/** "▲ +5.1% better · 45,200 before"; why there is none otherwise. */
export function changeLine(card, compare, tag = "p") {
  const before = earlierOf(card, compare);
  const found = comparison(card.value, before, card);
  const word = compare === "year" ? texts.last_year_value : texts.previous_value;
  if (!found) return element(tag, { class: "change" }, texts.no_comparison);
  return element(
    tag,
    { class: "change" },
    element("b", { class: found.verdict }, `${found.arrow}\u00a0${found.text} ${texts[`verdict_${found.verdict}`]}`),
    ` · ${say(word, { value: amount(before, card) })}`,
  );
}

/** The change alone, for a table. */
export function changeCell(card, compare) {
  const found = comparison(card.value, earlierOf(card, compare), card);
  if (!found) return "–";
  return element(
    "span",
    { class: "change" },
    element("b", { class: found.verdict }, `${found.arrow}\u00a0${found.text}`),
    element("span", { class: "quiet" }, ` ${texts[`verdict_${found.verdict}`]}`),
  );
}

/** What is not final about a value, in words. */
export function marksOf(card) {
  const marks = [
    ...(card.settled === false ? [element("span", { class: "tag", title: texts.running_hint }, texts.not_settled)] : []),
    ...(card.maturing ? [element("span", { class: "tag", title: texts.maturing_hint }, texts.maturing)] : []),
    ...(card.restated ? [element("span", { class: "tag warned", title: texts.restated_hint }, `◆ ${texts.restated}`)] : []),
    ...(spansVersions(card) ? [element("span", { class: "tag warned", title: say(texts.spans_versions_hint, { version: String(card.version) }) }, say(texts.spans_versions, { version: String(card.version) }))] : []),
  ];
  return marks.length ? element("span", { class: "marks" }, ...marks) : null;
}

/** The card counts all its days by one version, its line shows each day by the version that published it. */
const spansVersions = ({ version, trend }) => (trend ?? []).some((point) => isThere(point.value) && point.version !== version);

/** Owner, completeness, the days that are its own, and what is not final. */
export function foot(card, through, period) {
  const complete = card.complete_through ?? through;
  return element(
    "p",
    { class: "foot" },
    card.owner ? element("span", {}, `${texts.owner} `, element("b", {}, card.owner)) : element("span", { class: "worse" }, texts.no_owner),
    complete ? element("span", {}, `${texts.complete_through} ${instant(complete)}`) : null,
    ownDays(card, period),
    marksOf(card),
  );
}

/** The days of a value that are not the board's: the last week of a weekly count, or cohorts old enough to be judged. */
function ownDays(card, period) {
  if (!card.from || !period || (card.from === period.from && card.to === period.to)) return null;
  const range = days(card.from, card.to);
  return element("span", {}, card.to === period.to ? range : say(texts.cohorts_from, { days: range }));
}

function decisionLine(card) {
  const decision = inWords(card.decision);
  return decision ? element("p", { class: "decision" }, element("span", {}, termed(texts.decision)), decision) : null;
}

/** How much of the target is reached, at most all of it; where down is good, how much of the value the target is. */
function progress({ value, target, direction }) {
  if (!isThere(value) || !isThere(target)) return null;
  const [part, whole] = direction === "down" ? [target, value] : [value, target];
  if (whole <= 0) return part >= whole ? 1 : 0;
  return Math.min(1, Math.max(0, part / whole));
}

function goalLine(card, isLong) {
  const target = targetText(card);
  if (!target) return null;
  const part = progress(card);
  const bar = part === null ? null : element("div", { class: "meter", "aria-hidden": "true" }, element("i"));
  if (bar) bar.firstChild.style.width = `${part * 100}%`;
  const missing = part === null || !isLong ? null : remainder(card);
  return element(
    "div",
    { class: "goal" },
    element("p", {}, `${texts.target} `, element("b", {}, target), part === null ? "" : ` · ${wholeShare(part)}`, missing ? ` · ${missing}` : ""),
    bar,
  );
}

function remainder(card) {
  const gap = card.direction === "down" ? card.value - card.target : card.target - card.value;
  const size = card.unit === "ratio" ? `${amount(Math.abs(gap), card).replace("%", "").trim()} ${texts.points}` : amount(Math.abs(gap), card);
  return gap > 0 ? say(texts.short_of_target, { gap: size }) : texts.target_reached;
}

/** Why a card has no value, in words; empty when it has one. Of days that nothing is complete of, the count still runs. */
export function emptyWords(card, through, nothing = texts.no_data) {
  if (isThere(card.value)) return "";
  if (card.error) return card.error;
  const isCounted = through && (!card.from || isoDay(new Date(through)) >= card.from);
  return isCounted ? nothing : texts.being_counted;
}

function emptyReason(card, through) {
  return isThere(card.value) ? null : element("p", { class: "change" }, emptyWords(card, through, texts.no_value));
}

/** Long values are written smaller, so that they stay on one line. */
function amountLine(card) {
  const text = amount(card.value, card);
  return element("p", { class: text.length > 8 ? "amount long" : "amount" }, text);
}

/** One key figure. */
export function figure(card, { compare, through, period }) {
  const line = sparkLine(card.trend, card.settled === false);
  return element(
    "article",
    { class: "card figure", "data-status": card.status, "data-metric": card.metric },
    element("div", { class: "head" }, element("h3", {}, metricLink(card)), definitionButton(card)),
    element("div", { class: "row" }, amountLine(card), line),
    emptyReason(card, through) ?? changeLine(card, compare),
    card.status && card.status !== "none" ? element("p", {}, statusBadge(card.status)) : null,
    goalLine(card, false),
    decisionLine(card),
    foot(card, through, period),
  );
}

/** The north star against its objective. */
export function starFigure(card, { compare, through, period }) {
  const line = sparkLine(card.trend, card.settled === false);
  return element(
    "article",
    { class: "card star", "data-status": card.status, "data-metric": card.metric },
    element(
      "div",
      { class: "side" },
      element("p", { class: "overline" }, texts.north_star),
      element("div", { class: "head" }, element("h3", {}, metricLink(card)), definitionButton(card)),
      element("p", { class: "amount" }, amount(card.value, card)),
      emptyReason(card, through) ?? changeLine(card, compare),
    ),
    element(
      "div",
      { class: "side" },
      card.status && card.status !== "none" ? element("p", {}, statusBadge(card.status)) : null,
      card.objective ? element("p", { class: "objective" }, element("b", {}, termed(texts.objective)), card.objective) : null,
      goalLine(card, true) ?? element("p", { class: "change" }, texts.no_target),
      decisionLine(card),
    ),
    element("div", { class: "side" }, line),
    foot(card, through, period),
  );
}
