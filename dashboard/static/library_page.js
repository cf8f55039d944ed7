// The library: every board by preset, and every metric, most of which wait here until a board needs them.

import { context, linkTo, say, texts } from "./context.js";
import { definitionButton, targetText } from "./definition.js";
import { read, readList } from "./data.js";
import { byId, element, setChildren } from "./elements.js";
import { announce, problemPage, smallNotice } from "./notices.js";
import { table } from "./tables.js";
import { count, inWords, nameOf, NO_VALUE } from "./values.js";

const content = byId("content");

async function load() {
  try {
    const [boards, metrics] = await Promise.all([read("boards", { lang: context.language }), readList("metrics", "metrics")]);
    show(boards, metrics);
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    document.body.dataset.state = "failed";
    setChildren(content, problemPage(problem, load));
  }
}

function show({ boards, opening_board: opening }, metrics) {
  document.body.dataset.state = "ready";
  const head = element("header", { class: "page-head" }, element("div", {}, element("h1", {}, texts.library_title), element("p", { class: "lead" }, texts.library_lead)), element("div", { class: "actions" }, element("a", { class: "button", href: linkTo("/start") }, texts.start_title)));
  setChildren(content, head, element("div", { class: "sheet" }, ...boardGroups(boards, opening), metricLibrary(metrics, boards)));
}

function boardGroups(boards, opening) {
  const groups = new Map();
  for (const board of boards) {
    const name = board.preset || (["overview", "exec"].includes(board.kind) ? "company" : board.kind);
    groups.set(name, [...(groups.get(name) ?? []), board]);
  }
  const order = ["company", "starter", "stage", "early", "growth", "mature", "team", "marketing", "finance", "sales", "squad", "experiment"];
  const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...groups].toSorted(([one], [other]) => rank(one) - rank(other)).map(([name, each]) => boardGroup(name, each, opening));
}

function boardGroup(name, boards, opening) {
  return element(
    "section",
    { class: "section", "aria-label": nameOf("preset", name) },
    element("h2", {}, nameOf("preset", name)),
    element("ul", { class: "tiles-of-boards" }, ...boards.map((board) => element("li", {}, boardTile(board, opening)))),
  );
}

function boardTile(board, opening) {
  const facts = [inWords(board.audience), board.cadence ? nameOf("cadence", board.cadence) : "", board.owner].filter(Boolean).join(" · ");
  return element(
    "a",
    { class: "card tile", href: linkTo(`/boards/${encodeURIComponent(board.board)}`) },
    element("b", {}, inWords(board.label)),
    element("span", {}, facts),
    board.board === opening ? element("span", { class: "tag" }, texts.opening_board) : null,
  );
}

/** Every metric, by stage; the stages open when something is searched for. */
function metricLibrary(metrics, boards) {
  const search = element("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  const place = element("div", { class: "stage-list" });
  const fill = () => {
    const wanted = search.value.trim().toLowerCase();
    const found = metrics.filter((metric) => describes(metric).includes(wanted));
    setChildren(place, ...(found.length ? stageLists(found, boards, wanted !== "") : [smallNotice(texts.search_nothing, texts.search_nothing_hint)]));
    if (wanted) announce(say(texts.search_found, { number: count(found.length) }));
  };
  search.addEventListener("input", fill);
  fill();
  return element(
    "section",
    { class: "section", "aria-label": texts.all_metrics },
    element("h2", {}, `${texts.all_metrics} (${count(metrics.length)})`),
    element("div", { class: "card" }, element("div", { class: "head" }, element("p", { class: "hint" }, texts.all_metrics_hint), element("label", { class: "field" }, texts.search, search)), place),
  );
}

const stageName = (stage) => (stage ? nameOf("stage", stage) : texts.no_stage);

function describes(metric) {
  return [inWords(metric.label), metric.metric, metric.owner, inWords(metric.definition), stageName(metric.stage)].join(" ").toLowerCase();
}

function stageLists(metrics, boards, isOpen) {
  const rank = (stage) => (STAGES.includes(stage) ? STAGES.indexOf(stage) : STAGES.length);
  const stages = [...new Set(metrics.map(({ stage }) => stage ?? ""))].toSorted((one, other) => rank(one) - rank(other));
  return stages.map((stage) => {
    const own = metrics.filter((metric) => (metric.stage ?? "") === stage);
    const made = element("details", { class: "stage" }, element("summary", {}, element("b", {}, stageName(stage)), ` ${count(own.length)}`), metricTable(own, boards, stageName(stage)));
    made.open = isOpen;
    return made;
  });
}

const STAGES = ["awareness", "acquisition", "activation", "retention", "revenue", "referral", "experience", "finance"];

function metricTable(metrics, boards, caption) {
  const made = table(caption, [texts.metric, texts.owner, texts.target, texts.direction, texts.on_boards], metrics.map((metric) => metricRow(metric, boards)));
  made.firstChild.classList.add("left");
  return made;
}

function metricRow(metric, boards) {
  const shownOn = boards.filter((board) => board.metrics.includes(metric.metric));
  const tag = (text) => element("span", { class: "tag" }, text);
  const name = element(
    "span",
    {},
    element("a", { href: linkTo(`/metrics/${encodeURIComponent(metric.metric)}`) }, inWords(metric.label)),
    " ",
    definitionButton(metric),
    metric.role === "nsm" ? tag(texts.north_star) : "",
    metric.lifecycle !== "active" ? tag(nameOf("lifecycle", metric.lifecycle)) : "",
  );
  const places = shownOn.length ? element("span", {}, ...shownOn.slice(0, 3).flatMap((board, index) => [index ? ", " : "", element("a", { href: linkTo(`/boards/${encodeURIComponent(board.board)}`) }, board.label)])) : texts.waits_here;
  return [name, metric.owner || NO_VALUE, targetText(metric) || NO_VALUE, texts[`direction_${metric.direction}`], places];
}

load();
