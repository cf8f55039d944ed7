// Alerts in words: states, values, conditions, what is held back and why, who was told.

import { linkTo, say, texts } from "./context.js";
import { element } from "./elements.js";
import { amount, duration, instant, inWords, nameOf, NO_VALUE } from "./values.js";

const GAUGES_IN_SECONDS = ["lag_seconds", "incomplete_seconds", "silent_seconds", "watch_seconds"];

/** Whether a rule or incident is about how long nothing came: its values are seconds, whatever it looks at. */
export const isAbsence = ({ condition }) => /^absent for /.test(condition ?? "");

/** A state as a word and a colour; `silenced` and `acknowledged` as words beside it. */
export function stateBadge(rule) {
  const more = [rule.silenced_until ? texts.alert_silenced : "", rule.acknowledged ? texts.alert_in_hand : "", rule.over_budget ? texts.alert_over_budget : ""];
  return element(
    "span",
    { class: "marks" },
    element("span", { class: "badge", "data-state": rule.state }, texts[`state_${rule.state}`] ?? rule.state),
    ...more.filter(Boolean).map((text) => element("span", { class: "tag warned" }, text)),
  );
}

/** What a rule looks at: a metric of the catalogue, a funnel's step, or a number about the data; `unit` is that of the
value which it judges. */
export function subjectOf(rule, catalogue) {
  const [, id, segments = ""] = /^([^[]*)(?:\[(.*)\])?$/.exec(rule.metric) ?? ["", rule.metric, ""];
  const metric = catalogue.find((each) => each.metric === id) ?? null;
  const quality = /^quality:(.*)$/.exec(id)?.[1];
  const unit = isAbsence(rule) ? "seconds" : metric ? metric.unit : GAUGES_IN_SECONDS.includes(quality) ? "seconds" : /:rate$/.test(id) ? "ratio" : "count";
  const name = metric ? inWords(metric.label) : quality ? nameOf("quality", quality) : stepName(id);
  return { id, metric, unit, decimals: metric?.decimals ?? undefined, label: segments ? `${name} (${segments})` : name, segments };
}

function stepName(id) {
  const [, funnel, step, rate] = /^funnel:(.*):(\d+)(:rate)?$/.exec(id) ?? [];
  return funnel ? say(rate ? texts.funnel_step_rate : texts.funnel_step, { funnel, step }) : id;
}

/** A value as its subject is written; what is counted may be no whole number. */
export function alertValue(value, subject) {
  if (value === null || value === undefined) return NO_VALUE;
  if (subject.metric || subject.unit !== "count") return amount(value, subject, subject.unit === "seconds" ? {} : { minimumFractionDigits: 0 });
  return amount(value, { unit: "count", decimals: value % 1 ? 2 : 0 });
}

/** `> 20`, `change against last_week < -30 %`, `z-score > 3.5`, `absent for 10m`: in the page's language and unit. */
export function conditionWords(condition, subject = null) {
  const limit = thresholdOf(condition);
  if (limit !== null && subject) return `${condition.split(" ")[0]} ${alertValue(limit, subject)}`;
  const change = /^change against (\w+) (.*)$/.exec(condition);
  if (change) return say(texts[`condition_${change[1]}`] ?? condition, { limit: change[2].replace(" %", "\u00a0%") });
  const anomaly = /^z-score (.*)$/.exec(condition);
  if (anomaly) return say(texts.condition_anomaly, { limit: anomaly[1] });
  const absence = /^absent for (.*)$/.exec(condition);
  return absence ? say(texts.condition_absence, { time: duration(secondsOf(absence[1])) }) : condition;
}

const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Of a duration as rules write it: `1h30m` is 5400. */
const secondsOf = (text) => [...text.matchAll(/([\d.]+)(ms|s|m|h|d|w)/g)].reduce((sum, [, number, unit]) => sum + Number(number) * SECONDS[unit], 0);

/** The threshold of a condition on the value itself; null of any other. */
export function thresholdOf(condition) {
  const found = /^(?:[<>]=?|[=!]=) (-?[\d.]+(?:e[+-]?\d+)?)$/.exec(condition);
  return found ? Number(found[1]) : null;
}

export const ruleAddress = (rule) => linkTo("/alerts", { rule });

export const ruleLink = (rule, name) => element("a", { href: ruleAddress(rule) }, name);

/** Why receivers have not been told, one line each. */
export function heldLines(rule) {
  return Object.entries(rule.held ?? {}).map(([receiver, why]) => element("span", { class: "under" }, say(texts.alert_held, { receiver, why: heldWords(why, rule) })));
}

function heldWords(why, rule) {
  if (why === "silenced" && rule.silenced_until) return say(texts.held_silenced_until, { time: instant(rule.silenced_until) });
  return reasonWords(why);
}

/** Why something was held back; "after …" once it went out all the same. */
export function reasonWords(why) {
  const late = /^after (.*)$/.exec(why);
  return late ? say(texts.held_after, { why: reasonWords(late[1]) }) : (texts[`held_${why}`] ?? why);
}

/** "for 12 min" of an incident; of one that is open since when. */
export const lasted = (incident) => (incident.ended_at ? duration(incident.duration_seconds) : say(texts.incident_open, { time: duration(incident.duration_seconds) }));

export function matcherWords(matchers) {
  return matchers.map(({ name, value }) => `${texts[`matcher_${name}`] ?? name} = ${value}`).join(", ");
}
