// A funnel step by step: now, the period before, the trend of its entries, and how many go on.

import { say, texts } from "./context.js";
import { element } from "./elements.js";
import { smallNotice } from "./notices.js";
import { sparkLine } from "./spark.js";
import { table } from "./tables.js";
import { comparison, count, duration, share } from "./values.js";

const RATE = { unit: "ratio", decimals: 1, direction: "up" };

/** `card.data` is the funnel's own answer; `card.previous` the steps of the period before. */
export function funnelCard(card) {
  const { data } = card;
  if (!data.steps[0]?.entries) return smallNotice(texts.funnel_nobody, texts.funnel_nobody_hint);
  const rows = data.steps.map((step, index) => ({ ...step, label: card.step_labels?.[index] || step.name, before: card.previous?.[index] ?? null }));
  const open = (data.by_day ?? []).filter((day) => day.in_progress).length;
  return element(
    "div",
    {},
    element("ol", { class: "steps" }, ...rows.map((row) => stepRow(row, data))),
    element("details", {}, element("summary", {}, texts.show_table), stepTable(rows)),
    element("p", { class: "key-line" }, data.window_seconds ? element("span", {}, say(texts.funnel_window, { window: duration(data.window_seconds) })) : null, open ? element("span", {}, `${count(open)} ${texts.funnel_open}`) : null),
  );
}

function stepRow(step, data) {
  const fill = element("i");
  fill.style.width = `${(step.conversion_from_first ?? 0) * 100}%`;
  const was = step.before?.conversion_from_first;
  const mark = was === null || was === undefined || step.step === 1 ? null : element("i", { class: "was", title: say(texts.previous_value, { value: share(was) }) });
  if (mark) mark.style.left = `calc(${was * 100}% - 1px)`;
  const found = step.step > 1 && step.before ? comparison(step.conversion_from_previous, step.before.conversion_from_previous, RATE) : null;
  const facts = [
    `${count(step.entries)} ${texts.funnel_entries}`,
    ...(step.step > 1 ? [`${share(step.conversion_from_previous)} ${texts.funnel_from_previous}`] : []),
    ...(step.step > 1 && step.median_seconds_from_previous !== null ? [`${texts.funnel_median} ${duration(step.median_seconds_from_previous)}`] : []),
  ];
  const trend = (data.by_day ?? []).map(({ day, entries }) => ({ bucket: day, value: entries[step.step - 1] }));
  const line = sparkLine(trend, true);
  line?.setAttribute("width", "84");
  line?.setAttribute("height", "22");
  return element(
    "li",
    {},
    element("b", {}, step.label),
    element("span", { class: "change" }, step.step > 1 ? element("b", { class: "same" }, share(step.conversion_from_first)) : null),
    element("span", { class: "track", "aria-hidden": "true" }, fill, mark),
    element("span", { class: "facts" }, facts.join(" · "), found ? element("span", {}, " · ", element("b", { class: found.verdict }, `${found.arrow}\u00a0${found.text} ${texts[`verdict_${found.verdict}`]}`)) : null, line ? element("span", { class: "inline-spark" }, line) : null),
  );
}

function stepTable(rows) {
  const heads = [texts.funnel_step, texts.previous, texts.current, texts.funnel_people, texts.rate, texts.funnel_from_previous_head, texts.funnel_median_head];
  return table(
    texts.funnel_title,
    heads,
    rows.map((step) => [step.label, count(step.before?.entries ?? null), count(step.entries), count(step.persons), share(step.conversion_from_first), share(step.conversion_from_previous), duration(step.median_seconds_from_previous)]),
  );
}
