// An experiment: its variants side by side, what they did to conversion and revenue, and the verdict.

import { say, texts } from "./context.js";
import { element } from "./elements.js";
import { smallNotice } from "./notices.js";
import { table } from "./tables.js";
import { amount, count, days, difference, nameOf, NO_VALUE, share } from "./values.js";

const MONEY = { unit: "money", decimals: 2 };
const COLOURS = { scale: "green", iterate: "orange", stop: "red" };

/** The report of an experiment, as its own route answers. */
export function experimentCard(report) {
  const badge = report.variants.length ? element("span", { class: "status", "data-status": COLOURS[report.verdict] ?? "none" }, nameOf("verdict", report.verdict)) : null;
  const title = element("h2", {}, say(texts.experiment_title, { experiment: report.experiment, conversion: report.conversion }));
  const made = element("section", { class: "card" }, element("div", { class: "head" }, title, badge));
  if (report.error) made.append(smallNotice(texts.card_failed, report.error));
  else if (report.variants.length === 0) made.append(smallNotice(texts.experiment_empty, texts.experiment_empty_hint));
  else made.append(variantTable(report), ...readings(report));
  return made;
}

const HEADS = () => [texts.variant, texts.exposed, texts.converted, texts.rate, texts.interval, texts.uplift, texts.uplift_interval, texts.arpu, texts.churned, texts.verdict];

function variantTable(report) {
  const most = Math.max(...report.variants.map(({ conversion_rate: rate }) => rate ?? 0));
  return table(texts.experiment, HEADS(), report.variants.map((variant) => variantRow(variant, variant.variant === report.control, most)));
}

function variantRow(variant, isControl, most) {
  const { uplift } = variant;
  const between = (low, high, shown) => `${shown(low)} … ${shown(high)}`;
  const inPoints = (value) => difference(value / 100, { unit: "ratio", decimals: 1 });
  const name = element("span", {}, variant.variant, isControl && variant.variant !== texts.control ? element("span", { class: "tag" }, texts.control) : "");
  const rate = element("span", { class: "rate-bar" }, element("b", {}, share(variant.conversion_rate)), element("i", { "aria-hidden": "true" }));
  rate.lastChild.style.width = `${most ? ((variant.conversion_rate ?? 0) / most) * 60 : 0}px`;
  return [
    name,
    count(variant.exposed),
    count(variant.converted),
    rate,
    variant.conversion_interval ? between(...variant.conversion_interval, share) : NO_VALUE,
    uplift ? inPoints(uplift.points) : NO_VALUE,
    uplift ? between(...uplift.interval_points, inPoints) : NO_VALUE,
    amount(variant.arpu, MONEY),
    share(variant.churn_rate),
    variant.verdict ? nameOf("verdict", variant.verdict) : NO_VALUE,
  ];
}

function readings({ variants, reason, sample_ratio: ratio, method, from, to }) {
  const facts = [
    reason ? element("span", {}, nameOf("verdict_reason", reason.replaceAll(/[^a-z]+/g, "_"))) : null,
    ratio ? element("span", { class: ratio.status === "ok" ? "" : "worse" }, `${nameOf("sample_ratio", ratio.status)} (p = ${count3(ratio.p_value)})`) : null,
    element("span", {}, days(from, to)),
  ];
  const isUnknown = variants.some(({ churn_rate: churn }) => churn === null);
  return [element("p", { class: "key-line" }, ...facts.filter(Boolean)), isUnknown ? element("p", { class: "hint" }, texts.churn_unknown) : "", element("details", {}, element("summary", {}, texts.method), element("p", { class: "hint" }, method))];
}

const count3 = (value) => amount(value, { unit: "score", decimals: 3 }, { minimumFractionDigits: 0 });
