// Tables of metrics, cohorts as a heat map, people, pivots. Every table scrolls inside itself when the page is narrow.

import { say, texts } from "./context.js";
import { definitionButton, targetText } from "./definition.js";
import { element } from "./elements.js";
import { changeCell, earlierOf, emptyWords, marksOf, metricLink, statusBadge } from "./figures.js";
import { sparkLine } from "./spark.js";
import { amount, bucket, count, nameOf, NO_VALUE, segmentName, share, wholeShare } from "./values.js";

/** A table that can be scrolled by keyboard. Cells are texts or elements; the first of a row is its head. */
export function table(caption, heads, rows, kind = "data") {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const made = element(
    "table",
    { class: kind },
    element("caption", { class: "quiet" }, caption),
    element("thead", {}, head),
    element("tbody", {}, ...rows.map((row) => (row instanceof Node ? row : tableRow(row)))),
  );
  return element("div", { class: "table-wrap", tabindex: "0", role: "group", "aria-label": caption }, made);
}

export function tableRow(cells) {
  return element("tr", {}, ...cells.map((cell, index) => element(index ? "td" : "th", index ? {} : { scope: "row" }, cell ?? NO_VALUE)));
}

function groupRow(text, columns) {
  return element("tr", { class: "group" }, element("th", { colspan: String(columns), scope: "colgroup" }, text));
}

const metricHeads = (compare, hasTrend) => [texts.metric, compare === "year" ? texts.last_year : texts.previous, texts.current, texts.trend, ...(hasTrend ? [texts.over_time] : []), texts.objective, texts.status];

function metricRow(card, { compare, through }, hasTrend) {
  const name = element("span", {}, metricLink(card), " ", definitionButton(card));
  const now = element("span", {}, marksOf({ ...card, settled: true }), " ", emptyWords(card, through) ? element("small", { class: "hint" }, emptyWords(card, through)) : element("b", {}, amount(card.value, card)));
  const line = hasTrend ? [sparkLine(card.trend, card.settled === false) ?? NO_VALUE] : [];
  return tableRow([name, amount(earlierOf(card, compare), card), now, changeCell(card, compare), ...line, targetText(card) || NO_VALUE, statusBadge(card.status) ?? NO_VALUE]);
}

/** Metrics with previous, current, trend and objective. */
export function metricTable(rows, page, caption = texts.metrics) {
  return table(caption, metricHeads(page.compare, false), rows.map((card) => metricRow(card, page, false)));
}

/** The same, under a heading for each stage. */
export function stageTable(rows, page) {
  const heads = metricHeads(page.compare, true);
  const stages = [...new Set(rows.map(({ stage }) => stage ?? ""))];
  const body = stages.flatMap((stage) => [
    groupRow(stage ? nameOf("stage", stage) : texts.no_stage, heads.length),
    ...rows.filter((card) => (card.stage ?? "") === stage).map((card) => metricRow(card, page, true)),
  ]);
  return table(texts.stages, heads, body);
}

/** A cohort table as a heat map; cells that can still change are hatched and in italics. */
export function heatMap(data) {
  const first = Math.max(0, data.cohorts.findIndex(({ size }) => size > 0));
  const cohorts = data.cohorts.slice(first);
  const width = Math.max(0, ...data.cohorts.map(({ cells }) => cells.findLastIndex(({ rate }) => rate !== null) + 1));
  const unit = texts[`cohort_${data.period}`] ?? "";
  const heads = [texts.cohort, texts.cohort_size, ...Array.from({ length: width }, (_each, index) => `${unit}${index}`)];
  const rows = cohorts.map((row) => {
    const made = element("tr", {}, element("th", { scope: "row" }, bucket(row.cohort, data.period)), element("td", { class: "size" }, count(row.size)));
    for (let index = 0; index < width; index += 1) made.append(heatCell(row.cells[index], row));
    return made;
  });
  rows.push(averageRow(data.average, width));
  const made = table(say(texts.cohorts_of, { subject: texts[`subject_${data.subject}`] }), heads, rows, "heat");
  const keys = element(
    "p",
    { class: "key-line" },
    element("span", {}, `${wholeShare(0)} `, element("span", { class: "scale", "aria-hidden": "true" }), ` ${wholeShare(1)}`),
    element("span", {}, texts.cohort_running),
    element("span", {}, texts[`cohort_mode_${data.mode}`]),
  );
  return element("div", {}, made, keys);
}

function heatCell(cell, row) {
  if (cell === null || cell === undefined || cell.rate === null) return element("td", {}, "");
  const made = element("td", { class: cell.running ? "cell running" : "cell", title: say(texts.cohort_cell, { active: count(cell.count), size: count(row.size) }) }, wholeShare(cell.rate));
  if (cell.running) made.append(element("span", { class: "quiet" }, ` ${texts.not_settled}`));
  made.style.setProperty("--share", String(cell.rate));
  return made;
}

function averageRow(average, width) {
  const cells = Array.from({ length: width }, (_each, index) => element("td", {}, average[index] === null || average[index] === undefined ? "" : share(average[index])));
  return element("tr", { class: "average" }, element("th", { scope: "row" }, texts.cohort_average), element("td", {}), ...cells);
}

/** People or accounts behind a number. */
export function memberTable(members, metric) {
  const names = [...new Set(members.flatMap(({ attributes }) => Object.keys(attributes ?? {})))].slice(0, 6);
  const rows = members.map(({ id, contribution, attributes }) => [
    id,
    amount(contribution, metric.unit === "money" ? metric : { unit: "count", decimals: Number.isInteger(contribution) ? 0 : 2 }),
    ...names.map((name) => (attributes?.[name] === null || attributes?.[name] === undefined ? NO_VALUE : String(attributes[name]))),
  ]);
  return table(texts.members, [texts.member, texts.contribution, ...names], rows);
}

/** Metrics as rows, the segments of the first that has any as columns. */
export function metricPivot(cards, caption) {
  const segments = cards.find((card) => card.segments?.length)?.segments ?? [];
  const valueIn = (card, wanted) => card.segments?.find(({ segment, others }) => segment === wanted.segment && others === wanted.others)?.value ?? null;
  const rows = cards.map((card) => [metricLink(card), element("b", {}, amount(card.value, card)), ...segments.map((each) => amount(valueIn(card, each), card))]);
  return table(caption, [texts.metric, texts.whole, ...segments.map(({ segment, others }) => segmentName(segment, others))], rows);
}

/** Rows by segment, columns by bucket. */
export function pivot(segments, columns, of, caption) {
  const rows = segments.map(({ name, values }) => [name, ...values.map((value) => amount(value, of))]);
  return table(caption, [texts.segment, ...columns], rows);
}

/** Bars of one value per segment, the largest first as they came, others last. */
export function partBars(parts, of) {
  const most = Math.max(...parts.map(({ value }) => Math.abs(Number(value ?? 0))), 0) || 1;
  return element(
    "ul",
    { class: "parts" },
    ...parts.map(({ name, value, isOthers, href, note }) => {
      const bar = element("i");
      bar.style.width = `${(Math.abs(Number(value ?? 0)) / most) * 100}%`;
      return element(
        "li",
        { class: isOthers ? "others" : "" },
        href ? element("a", { href }, name) : element("span", {}, name),
        element("span", {}, element("b", {}, amount(value, of)), note ? ` ${note}` : ""),
        element("span", { class: "track", "aria-hidden": "true" }, bar),
      );
    }),
  );
}

/** The rows of a split card as bars. */
export const partsOf = (rows) => rows.map(({ segment, others, value }) => ({ name: segmentName(segment, others), segment, isOthers: others, value }));
