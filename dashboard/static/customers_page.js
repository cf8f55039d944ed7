// Customers: which are at risk and whose they are, and what the best do that those who left did not.

import { context, linkTo, say, texts } from "./context.js";
import { controls, showUsual } from "./controls.js";
import { addressOf, read } from "./data.js";
import { byId, element, setChildren } from "./elements.js";
import { problemPage, smallNotice, whileWaiting } from "./notices.js";
import { lengthOf, onQuestion, question, rangeOf } from "./question.js";
import { table } from "./tables.js";
import { addDays, amount, count, day, days, difference, dimensionName, nameOf, NO_VALUE, wholeShare } from "./values.js";

const OWN_DAYS = 90;
const PAGE = 25;
const MOST_ATTRIBUTES = 7;
const FIRST = ["mrr", "plan", "last_active", "messages", "messages_before", "score", "country"];
const content = byId("content");
const sheet = element("div", { class: "sheet" });
const form = controls(["period", "segment"]);
const state = { asked: 0 };

async function load() {
  const number = ++state.asked;
  const [from, to] = rangeOf(question()) ?? [addDays(context.today, 1 - OWN_DAYS), context.today];
  const { segment } = question();
  document.body.dataset.refreshing = "yes";
  const arrived = whileWaiting();
  try {
    const nothing = (problem) => ({ problem });
    const [risk, contrast] = await Promise.all([
      read("reports/at-risk", { to, segment, limit: PAGE }).catch(nothing),
      read("reports/best-vs-churned", { from, to }).catch(nothing),
    ]);
    if (risk.problem?.isAway) throw risk.problem;
    if (number === state.asked) show(risk, contrast, { from, to, segment });
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    document.body.dataset.state = "failed";
    setChildren(content, problemPage(problem, load));
  } finally {
    arrived();
    if (number === state.asked) delete document.body.dataset.refreshing;
  }
}

function show(risk, contrast, asked) {
  document.body.dataset.state = "ready";
  showUsual(form, say(texts.own_days, { days: String(OWN_DAYS) }), "day");
  const facts = element("p", { class: "facts-line" }, element("b", {}, days(asked.from, asked.to)), element("span", {}, say(texts.days_count, { days: count(lengthOf([asked.from, asked.to])) })));
  const head = element("header", { class: "page-head" }, element("div", {}, element("h1", {}, texts.customers_title), element("p", { class: "lead" }, texts.customers_lead), facts));
  if (!content.contains(sheet)) setChildren(content, head, form, sheet);
  else content.replaceChild(head, content.querySelector(".page-head"));
  setChildren(sheet, riskCard(risk, asked), contrastCard(contrast));
}

function riskCard(answer, { to, segment }) {
  const csv = element("a", { class: "button no-print", href: addressOf("reports/at-risk.csv", { to, segment }), download: "" }, texts.download_csv);
  const title = element("div", {}, element("h2", {}, texts.at_risk_title), element("p", { class: "hint" }, say(texts.at_risk_hint, { day: day(to) })));
  const place = element("div", {});
  const made = element("section", { class: "card", id: "at-risk" }, element("div", { class: "head" }, title, csv), place);
  if (answer.problem) {
    csv.hidden = true;
    setChildren(place, smallNotice(texts.card_failed, answer.problem.message));
  } else fill(place, answer, [], { to, segment });
  return made;
}

function fill(place, answer, before, asked) {
  const customers = [...before, ...answer.customers];
  if (customers.length === 0) return setChildren(place, smallNotice(texts.at_risk_none, texts.at_risk_none_hint));
  const more = element("button", { type: "button", class: "button" }, texts.show_more);
  more.addEventListener("click", async () => fill(place, await read("reports/at-risk", { ...asked, limit: PAGE, offset: answer.next }), customers, asked));
  const link = element("p", { class: "key-line" }, element("a", { href: linkTo(`/metrics/${encodeURIComponent(answer.metric)}`) }, texts.open_metric));
  return setChildren(place, riskTable(customers), answer.next === null ? null : more, link);
}

function riskTable(customers) {
  const names = telling(customers);
  const shown = (value) => (value === null || value === undefined || value === "" ? NO_VALUE : typeof value === "number" ? amount(value, { unit: "count", decimals: 2 }, { minimumFractionDigits: 0 }) : String(value));
  const rows = customers.map(({ account, owner, reasons, attributes }) => [
    account,
    owner || NO_VALUE,
    element("span", { class: "marks" }, ...reasons.map((reason) => element("span", { class: "tag warned" }, nameOf("risk", reason)))),
    ...names.map((name) => shown(attributes[name])),
  ]);
  const made = table(texts.at_risk_title, [texts.account, texts.owner, texts.reasons, ...names.map(attributeName)], rows);
  made.firstChild.classList.add("left");
  return made;
}

/** What says most about a risk first; what is known of nobody is left out. */
function telling(customers) {
  const isKnown = (value) => value !== null && value !== undefined && value !== "";
  const known = new Set(customers.flatMap(({ attributes }) => Object.keys(attributes).filter((name) => isKnown(attributes[name]))));
  return [...FIRST.filter((name) => known.has(name)), ...[...known].filter((name) => !FIRST.includes(name))].slice(0, MOST_ATTRIBUTES);
}

const attributeName = (name) => texts[`attribute_${name}`] ?? dimensionName(name);

function contrastCard(answer) {
  const made = element("section", { class: "card", id: "best-and-churned" }, element("div", { class: "head" }, element("div", {}, element("h2", {}, texts.contrast_title), element("p", { class: "hint" }, texts.contrast_hint))));
  if (answer.problem) made.append(smallNotice(texts.card_failed, answer.problem.message));
  else if (answer.actions.length === 0) made.append(smallNotice(texts.contrast_none, texts.contrast_none_hint));
  else made.append(contrastTable(answer));
  return made;
}

function contrastTable({ actions, best_customers: best, churned_customers: churned }) {
  const points = (value) => (value === null ? NO_VALUE : difference(value / 100, { unit: "ratio", decimals: 0 }));
  const heads = [texts.action_event, say(texts.best_customers, { number: count(best) }), say(texts.churned_customers, { number: count(churned) }), texts.gap, texts.interval];
  const rows = actions.map(({ event, best_share: ofBest, churned_share: ofChurned, difference_points: gap, interval_points: between }) => [
    event,
    shareBar(ofBest, ""),
    shareBar(ofChurned, "down"),
    element("b", {}, points(gap)),
    between ? `${points(between[0])} … ${points(between[1])}` : NO_VALUE,
  ]);
  return table(texts.contrast_title, heads, rows);
}

function shareBar(value, kind) {
  const bar = element("i", { class: kind, "aria-hidden": "true" });
  bar.style.width = `${(value ?? 0) * 90}px`;
  return element("span", { class: "rate-bar" }, element("b", {}, wholeShare(value)), bar);
}

onQuestion(load);
load();
