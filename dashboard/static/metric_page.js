// A metric: its series with everything that qualifies it, what it means, its segments, why it moved, who is behind it.

import { bandsOf, incidentsTable } from "./alert_incidents.js";
import { annotationsPanel } from "./annotations.js";
import { context, linkTo, say, texts } from "./context.js";
import { controls, dimensions, showUsual } from "./controls.js";
import { addressOf, read, readList } from "./data.js";
import { definitionFacts } from "./definition.js";
import { byId, element, setChildren } from "./elements.js";
import { marksOf, statusBadge } from "./figures.js";
import { problemPage, smallNotice, whileWaiting } from "./notices.js";
import { addDays, amount, bucket, comparison, dayOf, days, dimensionName, instant, inWords, isoDay, nameOf, segmentName, shortBucket } from "./values.js";
import { ask, lengthOf, onQuestion, question, rangeOf } from "./question.js";
import { seriesChart } from "./series.js";
import { memberTable, partBars, pivot } from "./tables.js";
import { whyPanel } from "./why.js";

const content = byId("content");
const id = context.told.metric;
const path = `metrics/${encodeURIComponent(id)}`;
const OWN_DAYS = { day: 60, week: 182, month: 395 };
const MOST_COLUMNS = 12;
const state = { asked: 0, controls: null, catalogue: null };
const places = { head: element("header", { class: "page-head" }), sheet: element("div", { class: "sheet" }) };

/** The question with what the metric itself prefers filled in. */
function asked(metric) {
  const wanted = question();
  const grain = wanted.grain || metric.per || "day";
  const range = rangeOf(wanted) ?? [addDays(context.today, 1 - OWN_DAYS[grain]), context.today];
  return { ...wanted, grain, from: range[0], to: range[1] };
}

/** As long before, or the same days a year before. */
function comparedRange({ from, to, compare }) {
  if (compare === "year") return [yearBefore(from), yearBefore(to)];
  const length = lengthOf([from, to]);
  return [addDays(from, -length), addDays(to, -length)];
}
function yearBefore(day) {
  const date = dayOf(day);
  return isoDay(new Date(Date.UTC(date.getUTCFullYear() - 1, date.getUTCMonth(), date.getUTCDate())));
}

async function load() {
  const number = ++state.asked;
  document.body.dataset.refreshing = "yes";
  const arrived = whileWaiting();
  try {
    state.catalogue ??= await readList("metrics", "metrics");
    const metric = state.catalogue.find((each) => each.metric === id);
    if (!metric) throw Object.assign(new Error(say(texts.no_metric, { metric: id })), { status: 404 });
    const wanted = asked(metric);
    const [first, last] = comparedRange(wanted);
    const segment = [wanted.segment, wanted.split].filter(Boolean).join(",");
    const { grain } = wanted;
    const [series, before, noted, alerted] = await Promise.all([
      read(path, { from: wanted.from, to: wanted.to, grain, segment }),
      read(path, { from: first, to: last, grain, segment: wanted.segment }).catch(() => null),
      read("annotations", { from: wanted.from, to: wanted.to, metric: id }).catch(() => null),
      read("alerts/history", { from: wanted.from, to: wanted.to, metric: id }).catch(() => null),
    ]);
    if (number === state.asked) show(metric, wanted, { ...series, before, incidents: alerted?.incidents ?? [] }, noted?.annotations ?? null);
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    if (number === state.asked) fail(problem);
  } finally {
    arrived();
    if (number === state.asked) delete document.body.dataset.refreshing;
  }
}

function fail(problem) {
  document.body.dataset.state = "failed";
  state.catalogue = null;
  setChildren(content, problemPage(problem, load));
}

/** `series`: also the points `before` it, to compare with, and the `incidents` of alerts on it. */
function show(metric, wanted, series, annotations) {
  document.body.dataset.state = "ready";
  state.controls ??= controls(["period", "grain", "compare", "segment"]);
  document.title = `${inWords(metric.label)} · ${document.querySelector(".company").textContent}`;
  showHead(metric, wanted, series);
  showUsual(state.controls, say(texts.own_days, { days: String(OWN_DAYS[wanted.grain]) }), metric.per || "day");
  if (!content.contains(places.sheet)) setChildren(content, places.head, state.controls, places.sheet);
  setChildren(
    places.sheet,
    element("div", { class: "split" }, chartCard(metric, wanted, series, annotations ?? []), descriptionCard(metric)),
    segmentsCard(metric, wanted, series),
    element("div", { class: "cards loose" }, half(whyPanel(id, metric, wanted, comparedRange(wanted), state.catalogue)), half(membersCard(metric, wanted))),
    series.incidents.length ? alertsCard(metric, series.incidents) : null,
    annotations === null ? null : annotationsPanel(id, annotations, load),
  );
}

function half(made) {
  made.classList.add("half");
  return made;
}

function showHead(metric, wanted, { points, complete_through: through }) {
  const index = points.findLastIndex(({ value, settled, maturing }) => value !== null && settled && !maturing);
  const latest = points[index] ?? points.at(-1);
  const found = latest ? comparison(latest.value, points[index - 1]?.value, metric) : null;
  setChildren(
    places.head,
    element(
      "div",
      {},
      element("p", { class: "crumbs" }, element("a", { href: linkTo("/tree") }, texts.nav_tree), metric.stage ? ` › ${nameOf("stage", metric.stage)}` : ""),
      element("h1", {}, inWords(metric.label)),
      element("p", { class: "lead" }, inWords(metric.definition)),
      element(
        "p",
        { class: "facts-line" },
        element("b", {}, days(wanted.from, wanted.to)),
        element("span", {}, `${texts.complete_through} `, element("b", {}, instant(through))),
        metric.owner ? element("span", {}, `${texts.owner} `, element("b", {}, metric.owner)) : null,
        metric.lifecycle !== "active" ? element("span", { class: "tag" }, nameOf("lifecycle", metric.lifecycle)) : null,
      ),
    ),
    latest ? latestValue(metric, wanted, latest, found) : null,
  );
}

function latestValue(metric, wanted, latest, found) {
  return element(
    "div",
    { class: "latest" },
    element("p", { class: "hint" }, say(texts.latest_bucket, { bucket: bucket(latest.bucket, wanted.grain) })),
    element("p", { class: "amount" }, amount(latest.value, metric)),
    found ? element("p", { class: "change" }, element("b", { class: found.verdict }, `${found.arrow}\u00a0${found.text} ${texts[`verdict_${found.verdict}`]}`), ` ${texts.since_bucket_before}`) : null,
    element("p", {}, statusBadge(latest.status), " ", marksOf(latest)),
  );
}

function alertsCard(metric, incidents) {
  const all = element("a", { class: "button no-print", href: linkTo("/alerts") }, texts.all_alerts);
  return element("section", { class: "card", id: "alerts" }, element("div", { class: "head" }, element("h2", {}, texts.metric_alerts), all), incidentsTable(incidents, { ...metric, metric }, true));
}

function chartCard(metric, wanted, series, annotations) {
  const csv = element("a", { class: "button no-print", href: addressOf(`${path}.csv`, { from: wanted.from, to: wanted.to, grain: wanted.grain, segment: [wanted.segment, wanted.split].filter(Boolean).join(",") }), download: "" }, texts.download_csv);
  const made = element("section", { class: "card charted" }, element("div", { class: "head" }, element("h2", {}, texts.over_time), csv));
  if (!series.points.some(({ value }) => value !== null && value !== undefined)) {
    made.append(smallNotice(texts.series_empty, texts.series_empty_hint));
    return made;
  }
  const numbered = annotations.toReversed().map((each, index) => ({ ...each, number: index + 1, index: bucketIndex(series.points, each.day) })).filter(({ index }) => index >= 0);
  made.append(...seriesChart({ of: metric, points: series.points, grain: wanted.grain, lines: linesOf(metric, series), before: series.segments ? null : series.before?.points, annotations: numbered, incidents: bandsOf(series.incidents, series.points) }));
  return made;
}

const bucketIndex = (points, day) => points.findLastIndex((point) => point.bucket <= day);

function linesOf(metric, { points, segments }) {
  if (!segments?.length) return [{ name: inWords(metric.label), points }];
  return segments.map((segment, index) => ({ name: segmentName(segment.value, segment.others), points: segment.points, colour: segment.others ? "part-others" : `part-${(index % 8) + 1}` }));
}

function descriptionCard(metric) {
  return element("section", { class: "card" }, element("h2", {}, texts.definition), element("dl", { class: "described" }, ...definitionFacts(metric)));
}

/** The split chosen in the address: bars of the last bucket, and the pivot of all of them. */
function segmentsCard(metric, wanted, { points, segments }) {
  const select = element("select", {}, element("option", {}, texts.split_none));
  select.options[0].setAttribute("value", "");
  if (wanted.split) select.append(element("option", { value: wanted.split }, dimensionName(wanted.split)));
  select.value = wanted.split;
  dimensions().then((found) => {
    select.append(...[...found.keys()].filter((name) => name !== wanted.split).map((name) => element("option", { value: name }, dimensionName(name))));
  });
  select.addEventListener("change", () => ask({ split: select.value }));
  const made = element("section", { class: "card", id: "segments" }, element("div", { class: "head" }, element("div", {}, element("h2", {}, texts.segments), element("p", { class: "hint" }, texts.segments_hint)), element("label", { class: "field" }, texts.split_by, select)));
  if (!wanted.split) return made;
  if (!segments?.length) {
    made.append(smallNotice(texts.segments_empty, texts.segments_empty_hint));
    return made;
  }
  const last = Math.max(0, points.findLastIndex(({ value }) => value !== null));
  const parts = segments.map((each) => ({ name: segmentName(each.value, each.others), isOthers: each.others, value: each.points[last]?.value ?? null }));
  const from = Math.max(0, last + 1 - MOST_COLUMNS);
  const columns = points.slice(from, last + 1).toReversed().map((point) => shortBucket(point.bucket, wanted.grain));
  const rows = segments.map((each, index) => ({ name: parts[index].name, values: each.points.slice(from, last + 1).toReversed().map(({ value }) => value) }));
  made.append(
    element(
      "div",
      { class: "cards" },
      half(element("div", {}, element("p", { class: "hint" }, bucket(points[last].bucket, wanted.grain)), partBars(parts, metric))),
      half(pivot([{ name: texts.whole, values: points.slice(from, last + 1).toReversed().map(({ value }) => value) }, ...rows], columns, metric, texts.segments)),
    ),
  );
  return made;
}

/** Who is behind the number; asked for when somebody wants to know. */
function membersCard(metric, wanted) {
  const parameters = { from: wanted.from, to: wanted.to, segment: wanted.segment };
  const csv = element("a", { class: "button no-print", href: addressOf(`${path}/members.csv`, parameters), download: "" }, texts.download_csv);
  const place = element("div", {}, element("p", { class: "hint" }, texts.loading));
  const made = element("section", { class: "card" }, element("div", { class: "head" }, element("div", {}, element("h2", {}, texts.members), element("p", { class: "hint" }, days(wanted.from, wanted.to))), csv), place);
  fillMembers(place, metric, parameters, 0, []).catch((problem) => {
    csv.hidden = true;
    setChildren(place, smallNotice(texts.members_none, problem.message));
  });
  return made;
}

async function fillMembers(place, metric, parameters, offset, before) {
  const answer = await read(`${path}/members`, { ...parameters, limit: 20, offset });
  const members = [...before, ...answer.members];
  if (members.length === 0) return setChildren(place, smallNotice(texts.members_empty, texts.members_empty_hint));
  const more = element("button", { type: "button", class: "button" }, texts.show_more);
  more.addEventListener("click", () => fillMembers(place, metric, parameters, answer.next, members));
  return setChildren(place, memberTable(members, metric), answer.next === null ? null : more);
}

onQuestion(load);
load();
