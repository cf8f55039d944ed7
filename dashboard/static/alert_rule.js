// One alert rule: where it stands, its metric with its incidents, what people can do about it, what it would have done.

import { acknowledgeForm, silenceForm, silencesTable } from "./alert_desk.js";
import { backtestPanel } from "./alert_backtest.js";
import { bandsOf, incidentsTable } from "./alert_incidents.js";
import { alertValue, conditionWords, heldLines, stateBadge, subjectOf, thresholdOf } from "./alert_words.js";
import { context, linkTo, say, texts } from "./context.js";
import { read } from "./data.js";
import { element, setChildren } from "./elements.js";
import { smallNotice } from "./notices.js";
import { segmentText } from "./question.js";
import { redrawer } from "./redraw.js";
import { seriesChart } from "./series.js";
import { addDays, inWords, instant, nameOf } from "./values.js";

const DAYS = { day: 90, week: 364, month: 728 };
const PAGE = 25;

/** The view of one rule by its key (`group/alert`). `changed`: called when somebody has done something. */
export function rulePage(wanted, { head, sheet }, changed) {
  const card = (id) => element("section", { class: "card", id });
  const places = { chart: card("chart"), facts: card("facts"), desk: card("desk"), hand: element("div", {}), silences: element("div", {}), history: card("history"), backtest: card("backtest") };
  places.chart.classList.add("charted");
  const draw = redrawer();
  const past = { asked: "" };
  sheet.append(element("div", { class: "split" }, element("div", { class: "column" }, places.chart, places.desk), places.facts), places.history, places.backtest);
  return {
    controls: null,
    update(told) {
      const rule = told.alerts.find((each) => each.rule === wanted);
      const subject = subjectOf(rule, told.catalogue);
      const own = told.silences.filter((silence) => isAbout(silence, rule));
      draw(head, rule, () => headParts(rule, subject));
      draw(places.facts, rule, () => factsParts(rule, subject));
      draw(places.desk, rule.rule, () => [element("h2", {}, texts.alert_desk), places.hand, silenceForm(rule, changed), places.silences]);
      draw(places.hand, [rule.alert_id, rule.acknowledged], () => (rule.alert_id && !rule.acknowledged ? [acknowledgeForm(rule, changed)] : []));
      draw(places.silences, own, () => (own.length ? silencesTable(own, changed) : []));
      draw(places.backtest, rule.condition, () => backtestPanel(rule));
      showPast(past, places, rule, subject);
    },
  };
}

/** Whether a silence matches a rule, as the alerter sees it. */
function isAbout({ matchers }, rule) {
  const valueOf = (name) => (["alert", "group", "metric", "owner", "severity"].includes(name) ? rule[name] : rule.labels?.[name]);
  return matchers.every(({ name, value }) => valueOf(name) === value);
}

function headParts(rule, subject) {
  return [
    element(
      "div",
      {},
      element("p", { class: "crumbs" }, element("a", { href: linkTo("/alerts") }, texts.alerts_title), ` › ${rule.group}`),
      element("h1", {}, rule.alert),
      element("p", { class: "lead" }, rule.annotations?.summary || rule.annotations?.description || `${subject.label} ${conditionWords(rule.condition, subject)}`),
      element(
        "p",
        { class: "facts-line" },
        stateBadge(rule),
        rule.since ? element("span", {}, say(texts.alert_since, { time: instant(rule.since) })) : null,
        element("span", {}, `${texts.severity} `, element("b", {}, nameOf("severity", rule.severity))),
        rule.owner ? element("span", {}, `${texts.owner} `, element("b", {}, rule.owner)) : null,
      ),
    ),
    element("div", { class: "latest" }, element("p", { class: "hint" }, subject.label), element("p", { class: "amount" }, alertValue(rule.value, subject)), element("p", { class: "change" }, conditionWords(rule.condition, subject))),
  ];
}

function factsParts(rule, subject) {
  const about = subject.metric ? element("a", { href: linkTo(`/metrics/${encodeURIComponent(subject.id)}`) }, subject.label) : subject.label;
  const runbook = /^https?:\/\//.test(rule.annotations?.runbook_url ?? "") ? element("a", { href: rule.annotations.runbook_url, rel: "noreferrer" }, rule.annotations.runbook_url) : "";
  const budget = rule.noise_budget === null ? "" : say(texts.alert_budget_of, { number: String(rule.incidents_30d ?? 0), budget: String(rule.noise_budget) });
  const said = [
    [texts.metric, about],
    [texts.alert_condition, conditionWords(rule.condition, subject)],
    [texts.alert_bucket, nameOf("bucket", rule.bucket)],
    [texts.alert_cause, rule.cause],
    [texts.receivers, rule.receivers.length ? rule.receivers.join(", ") : rule.receiver || texts.nobody_told],
    [texts.alert_held_back, Object.keys(rule.held).length ? element("span", {}, ...heldLines(rule)) : ""],
    [texts.alert_silenced, rule.silenced_until ? say(texts.held_silenced_until, { time: instant(rule.silenced_until) }) : ""],
    [texts.alert_in_hand, rule.acknowledged ? [rule.acknowledged.by || texts.somebody, instant(rule.acknowledged.at), rule.acknowledged.note].filter(Boolean).join(" · ") : ""],
    [texts.alert_budget, budget],
    [texts.alert_labels, Object.entries(rule.labels ?? {}).map(([name, value]) => `${name}=${value}`).join(", ")],
    [texts.alert_runbook, runbook],
  ];
  return [element("h2", {}, texts.alert_standing), element("dl", { class: "described" }, ...said.flatMap(([term, value]) => (value ? [element("dt", {}, term), element("dd", {}, value)] : [])))];
}

/** The chart and the incidents, asked for again when the rule's state has changed. */
async function showPast(past, places, rule, subject) {
  const key = JSON.stringify([rule.state, rule.alert_id, rule.acknowledged, rule.condition, rule.metric]);
  if (past.asked === key) return;
  past.asked = key;
  const { grain } = rule;
  const from = addDays(context.today, 1 - DAYS[grain]);
  try {
    const [history, series] = await Promise.all([read("alerts/history", { rule: rule.rule, from, limit: 500 }), subject.metric ? seriesOf(subject, from, grain) : null]);
    if (past.asked !== key) return;
    setChildren(places.history, element("div", { class: "head" }, element("h2", {}, texts.incidents)), historyList(history.incidents, subject));
    setChildren(places.chart, element("div", { class: "head" }, element("h2", {}, texts.over_time)), ...chartParts(rule, subject, series, history.incidents, grain));
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    past.asked = "";
    setChildren(places.chart, smallNotice(texts.card_failed, problem.message));
  }
}

const segmentsOf = ({ segments }) => segmentText(segments.split(", ").filter(Boolean).map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1) || null]));

const seriesOf = (subject, from, grain) => read(`metrics/${encodeURIComponent(subject.id)}`, { from, to: context.today, grain, segment: segmentsOf(subject) });

function chartParts(rule, subject, series, incidents, grain) {
  if (!series) return [smallNotice(texts.alert_no_chart, texts.alert_no_chart_hint)];
  // Segments that filter come back as the series itself.
  const { points } = series;
  if (!points.some(({ value }) => value !== null && value !== undefined)) return [smallNotice(texts.series_empty, texts.series_empty_hint)];
  return seriesChart({ of: { ...subject.metric, target: null }, points, grain, lines: [{ name: inWords(subject.metric.label), points }], incidents: bandsOf(incidents, points), limit: thresholdOf(rule.condition) });
}

/** So many incidents at once, more on demand: they are here already. */
function historyList(incidents, subject, most = PAGE) {
  const place = element("div", {}, incidentsTable(incidents.slice(0, most), subject));
  if (incidents.length <= most) return place;
  const more = element("button", { type: "button", class: "button no-print" }, texts.show_more);
  more.addEventListener("click", () => place.replaceWith(historyList(incidents, subject, most + PAGE)));
  place.append(more);
  return place;
}
