// All alert rules with their states, and what stands beside them: findings, bad data, silences, receivers, dead letters.

import { deadLetters, receiversTable, silencesTable } from "./alert_desk.js";
import { alertValue, conditionWords, heldLines, ruleLink, stateBadge, subjectOf } from "./alert_words.js";
import { say, texts } from "./context.js";
import { choice } from "./controls.js";
import { element } from "./elements.js";
import { smallNotice } from "./notices.js";
import { question } from "./question.js";
import { redrawer } from "./redraw.js";
import { table } from "./tables.js";
import { count, duration, instant, nameOf, NO_VALUE } from "./values.js";

const ORDER = ["firing", "recovering", "error", "pending", "no_data", "waiting", "inactive"];
const SEVERITIES = ["critical", "warning", "info"];
const LATE_WATCH_SECONDS = 60;

/** The view of the whole page. `changed`: called when somebody has done something. */
export function overview({ head, sheet }, changed) {
  const controls = element("form", { class: "controls", "aria-label": texts.controls });
  controls.addEventListener("submit", (event) => event.preventDefault());
  const card = (id) => element("section", { class: "card", id });
  const places = { notices: element("div", {}), rules: card("rules"), silences: card("silences"), receivers: card("receivers"), letters: card("letters") };
  sheet.append(...Object.values(places));
  const draw = redrawer();
  return {
    controls,
    update(told) {
      draw(head, [told.watch, told.dead_mans_switch, told.alerts.map(({ state }) => state)], () => headParts(told));
      draw(controls, ownersOf(told.alerts), () => filters(told.alerts));
      draw(places.notices, [told.findings, told.data], () => noticesOf(told));
      draw(places.rules, [told.alerts, question()], () => rulesParts(told));
      draw(places.silences, told.silences, () => silencesTable(told.silences, changed));
      draw(places.receivers, [told.receivers, told.messages], () => receiversTable(told, changed));
      draw(places.letters, told.messages, () => deadLetters(told.messages, changed));
      places.letters.hidden = !told.messages.length;
    },
  };
}

function headParts(told) {
  const numbers = ORDER.map((state) => [state, told.alerts.filter((rule) => rule.state === state).length]).filter(([, number]) => number);
  return [
    element(
      "div",
      {},
      element("h1", {}, texts.alerts_title),
      element("p", { class: "lead" }, texts.alerts_lead),
      element("p", { class: "facts-line" }, ...numbers.map(([state, number]) => element("span", { class: "badge", "data-state": state }, `${texts[`state_${state}`]} ${count(number)}`)), ...standing(told)),
    ),
  ];
}

/** How alerting itself is: the self-watch, the dead man's switch. */
function standing({ watch, dead_mans_switch: alive }) {
  const age = watch.age_seconds;
  const late = age !== null && age !== undefined && age > LATE_WATCH_SECONDS;
  const said = [];
  if (age !== null && age !== undefined) said.push([texts.watch_age, duration(Math.round(age)), late]);
  if (alive) said.push([texts.dead_mans_switch, alive.last_failure ?? say(texts.switch_told, { receiver: alive.receiver, time: instant(alive.last_delivered_at) }), Boolean(alive.last_failure)]);
  return said.map(([name, value, isBad]) => element("span", { class: isBad ? "worse" : "" }, `${name} `, element("b", {}, value)));
}

const ownersOf = (rules) => [...new Set(rules.map(({ owner }) => owner).filter(Boolean))].toSorted();

function filters(rules) {
  const states = ORDER.map((state) => [state, texts[`state_${state}`]]);
  return [
    choice("state", texts.alert_state, [["", texts.filter_all], ["open", texts.filter_open], ...states]),
    choice("owner", texts.owner, [["", texts.filter_all], ...ownersOf(rules).map((owner) => [owner, owner])]),
    choice("severity", texts.severity, [["", texts.filter_all], ...SEVERITIES.map((name) => [name, nameOf("severity", name)])]),
  ];
}

/** What is wrong with an edit, and with the data. */
function noticesOf({ findings, data, alerts }) {
  const waiting = alerts.filter(({ state }) => state === "waiting").length;
  return [
    findings.length ? element("div", { class: "findings", role: "alert", id: "findings" }, element("b", {}, texts.alert_findings), element("ul", {}, ...findings.map((text) => element("li", {}, text)))) : null,
    data.bad ? element("div", { class: "findings", role: "status", id: "bad-data" }, element("b", {}, say(texts.data_bad, { number: count(waiting) })), element("ul", {}, ...data.because.map((rule) => element("li", {}, ruleLink(rule, rule))))) : null,
  ];
}

function rulesParts({ alerts, catalogue }) {
  const asked = question();
  const shown = alerts.filter((rule) => isAsked(rule, asked)).toSorted((one, other) => rank(one) - rank(other));
  const title = element("div", { class: "head" }, element("h2", {}, `${texts.alert_rules} (${count(shown.length)})`));
  if (!alerts.length) return [title, smallNotice(texts.alerts_empty, texts.alerts_empty_hint)];
  if (!shown.length) return [title, smallNotice(texts.alerts_none_asked, texts.alerts_none_asked_hint)];
  const heads = [texts.alert, texts.alert_state, texts.alert_value, texts.alert_condition, texts.owner, texts.receivers];
  const made = table(texts.alert_rules, heads, shown.map((rule) => ruleCells(rule, catalogue)));
  made.firstChild.classList.add("left", "alert-rules");
  return [title, made];
}

function isAsked(rule, { state, owner, severity }) {
  const isOpen = state === "open" ? Boolean(rule.alert_id) : state === "" || rule.state === state;
  return isOpen && (owner === "" || rule.owner === owner) && (severity === "" || rule.severity === severity);
}

/** What fires first, the most critical of it first. */
function rank(rule) {
  const severity = SEVERITIES.indexOf(rule.severity);
  return ORDER.indexOf(rule.state) * 10 + (severity < 0 ? SEVERITIES.length : severity);
}

function ruleCells(rule, catalogue) {
  const subject = subjectOf(rule, catalogue);
  const under = (text) => (text ? element("span", { class: "under" }, text) : "");
  return [
    element("span", {}, ruleLink(rule.rule, rule.alert), " ", element("span", { class: rule.severity === "critical" ? "tag warned" : "tag" }, nameOf("severity", rule.severity)), under(rule.annotations?.summary || subject.label)),
    element("span", {}, stateBadge(rule), under(rule.since ? say(texts.alert_since, { time: instant(rule.since) }) : "")),
    alertValue(rule.value, subject),
    element("span", {}, element("span", {}, subject.label), under(conditionWords(rule.condition, subject))),
    rule.owner || NO_VALUE,
    element("span", {}, (rule.receivers.length ? rule.receivers.join(", ") : rule.receiver) || texts.nobody_told, ...heldLines(rule)),
  ];
}
