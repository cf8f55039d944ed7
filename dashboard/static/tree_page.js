// The whole tree on a page of its own.

import { context, say, texts } from "./context.js";
import { controls, showUsual } from "./controls.js";
import { read } from "./data.js";
import { byId, element, setChildren } from "./elements.js";
import { problemPage, whileWaiting } from "./notices.js";
import { carried, lengthOf, onQuestion, question, rangeOf } from "./question.js";
import { treeView } from "./tree_view.js";
import { days, instant } from "./values.js";

const content = byId("content");
const form = controls(["period", "compare"]);

async function load() {
  const range = rangeOf(question());
  document.body.dataset.refreshing = "yes";
  const arrived = whileWaiting();
  try {
    show(await read("tree", { ...(range ? { to: range[1], days: lengthOf(range) } : {}), lang: context.language }));
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    document.body.dataset.state = "failed";
    setChildren(content, problemPage(problem, load));
  } finally {
    arrived();
    delete document.body.dataset.refreshing;
  }
}

function show(data) {
  document.body.dataset.state = "ready";
  showUsual(form, say(texts.own_days, { days: "28" }), "day");
  const { period } = data;
  const facts = [
    ...(period ? [element("b", {}, days(period.from, period.to))] : []),
    ...(data.complete_through ? [element("span", {}, `${texts.complete_through} `, element("b", {}, instant(data.complete_through)))] : []),
  ];
  const head = element("header", { class: "page-head" }, element("div", {}, element("h1", {}, texts.tree_title), element("p", { class: "lead" }, texts.tree_lead), element("p", { class: "facts-line" }, ...facts)));
  setChildren(content, head, form, element("div", { class: "sheet" }, treeView(data, { compare: question().compare, through: data.complete_through, carried: carried(), headings: "h2" })));
}

onQuestion(load);
load();
