// A board: asks for it, builds it from top to bottom, and asks again while somebody looks.

import { context, linkTo, say, texts } from "./context.js";
import { isNumber, renderCard, renderStar } from "./cards.js";
import { controls, showUsual } from "./controls.js";
import { read } from "./data.js";
import { byId, element, setChildren } from "./elements.js";
import { experimentCard } from "./experiment.js";
import { announce, notice, problemPage, showBanner, whileWaiting } from "./notices.js";
import { carried, lengthOf, onQuestion, question, rangeOf } from "./question.js";
import { days, instant, inWords, nameOf } from "./values.js";

const content = byId("content");
const head = element("header", { class: "page-head" });
const sheet = element("div", { class: "sheet" });
const state = { shown: "", timer: 0, controls: null, asked: 0 };
const RETRY_MS = 4000;

function parameters() {
  const asked = question();
  const range = rangeOf(asked);
  return { ...(range ? { to: range[1], days: lengthOf(range) } : {}), grain: asked.grain, segment: asked.segment, lang: context.language };
}

async function load() {
  clearTimeout(state.timer);
  const number = ++state.asked;
  document.body.dataset.refreshing = "yes";
  const arrived = whileWaiting();
  try {
    const board = await read(`boards/${encodeURIComponent(context.told.board)}`, parameters());
    if (number !== state.asked) return;
    showBanner("");
    show(board);
    if (board.refresh_seconds !== 0) state.timer = setTimeout(loadIfSeen, (board.refresh_seconds ?? 60) * 1000);
  } catch (problem) {
    if (number !== state.asked) return;
    failed(problem);
  } finally {
    arrived();
    if (number === state.asked) delete document.body.dataset.refreshing;
  }
}

function loadIfSeen() {
  if (document.hidden) document.addEventListener("visibilitychange", loadIfSeen, { once: true });
  else load();
}

function failed(problem) {
  if (problem.status === undefined) throw problem;
  if (problem.isAway && state.shown) {
    showBanner(texts.banner_unavailable);
    state.timer = setTimeout(load, RETRY_MS);
    return;
  }
  document.body.dataset.state = "failed";
  state.shown = "";
  setChildren(content, problemPage(problem, load));
}

function show(board) {
  const key = JSON.stringify([board, question().compare]);
  document.body.dataset.state = "ready";
  document.body.dataset.kind = board.kind;
  if (!content.contains(sheet)) {
    state.controls ??= controls(["period", "compare", "grain", "segment"]);
    setChildren(content, head, state.controls, sheet);
  }
  if (key === state.shown) return;
  if (state.shown) announce(texts.updated_now);
  state.shown = key;
  document.title = `${inWords(board.label)} · ${document.querySelector(".company").textContent}`;
  showHead(board);
  showUsual(state.controls, say(texts.own_days, { days: String(board.period_days) }), board.grain);
  const page = pageOf(board);
  setChildren(sheet, findings(board), firstEvent(board), board.experiment ? experimentCard(board.experiment) : null, ...board.sections.map((section, index) => sectionOf(section, page, index)));
}

/** What cards need to know of their board. */
function pageOf(board) {
  const cards = board.sections.flatMap((section) => section.cards);
  const all = cards.flatMap((card) => (card.kind === "number" || card.kind === "line" ? [card] : (card.rows ?? []))).filter(({ metric }) => metric);
  return { kind: board.kind, cards: [...new Map(all.map((card) => [card.metric, card])).values()], compare: question().compare, grain: board.period.grain, through: board.complete_through, carried: carried(), period: board.period };
}

function showHead(board) {
  const { period } = board;
  const compared = question().compare === "year" ? period.last_year : period.previous;
  const fact = (name, value) => (value ? element("span", {}, `${name} `, element("b", {}, value)) : null);
  setChildren(
    head,
    element(
      "div",
      {},
      element("h1", {}, inWords(board.label)),
      element(
        "p",
        { class: "facts-line" },
        element("b", {}, days(period.from, period.to)),
        period.to >= context.today ? element("span", { class: "tag", title: texts.running_hint }, texts.period_running) : null,
        compared?.from ? fact(texts.compared_with, days(compared.from, compared.to)) : null,
        fact(texts.updated, instant(board.updated)),
        fact(texts.complete_through, board.complete_through ? instant(board.complete_through) : ""),
        fact(texts.owner, board.owner),
        board.cadence ? fact(texts.cadence, nameOf("cadence", board.cadence)) : null,
        inWords(board.audience) ? fact(texts.audience, inWords(board.audience)) : null,
      ),
    ),
    element("div", { class: "actions" }, ...doings(board)),
  );
}

function doings(board) {
  const share = element("button", { type: "button", class: "button" }, texts.share);
  share.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      share.textContent = texts.link_copied;
    } catch {
      share.textContent = texts.copy_address;
    }
    announce(share.textContent);
    setTimeout(() => (share.textContent = texts.share), 3000);
  });
  const print = element("button", { type: "button", class: "button" }, texts.print);
  print.addEventListener("click", () => window.print());
  const picture = element("a", { class: "button", href: pictureAddress(board) }, texts.picture);
  return [share, print, picture];
}

function pictureAddress(board) {
  const query = new URLSearchParams(Object.entries(parameters()).filter(([, value]) => value !== "" && value !== undefined));
  return `/boards/${encodeURIComponent(board.board)}.svg?${query}`;
}

function findings({ findings: found }) {
  if (!found?.length) return null;
  return element("div", { class: "findings", role: "status" }, element("b", {}, texts.findings), element("ul", {}, ...found.slice(0, 5).map((text) => element("li", {}, text))));
}

/** Before anything has arrived the board says how to begin. */
function firstEvent({ complete_through: through }) {
  if (through) return null;
  const command = `curl ${location.origin}/v1/track -u "$WRITE_KEY:" \\\n  -H "Content-Type: application/json" \\\n  -d '{"userId": "ana", "event": "Project Created"}'`;
  const guide = element("a", { class: "button primary", href: linkTo("/start") }, texts.open_guide);
  const live = element("a", { class: "button", href: linkTo("/live") }, texts.nav_live);
  const made = notice(texts.empty_title, texts.first_event_hint, [guide, live], "card whole");
  made.insertBefore(element("pre", { tabindex: "0" }, command), made.lastChild);
  return made;
}

function sectionOf(section, page, index) {
  const label = inWords(section.label);
  const title = label ? element("h2", {}, label) : element("h2", { class: "quiet" }, say(texts.section_number, { number: String(index + 1) }));
  const made = element("section", { class: `section of-${section.cards[0]?.kind ?? "nothing"}`, "aria-label": label }, title);
  if (section.cards.length === 0) made.append(notice(texts.card_empty, texts.section_empty_hint, [], "card"));
  const isStar = section.cards.length === 1 && isNumber(section.cards[0]) && (page.kind !== "cards" || index === 0);
  if (isStar) made.append(renderStar(section.cards[0], page));
  else made.append(...groupsOf(section.cards).map((group) => groupElement(group, page)));
  return made;
}

/** Key figures in a row share the width; everything else stands in the grid of twelve. */
function groupsOf(cards) {
  const groups = [];
  for (const card of cards) {
    if (groups.length && isNumber(groups.at(-1)[0]) === isNumber(card)) groups.at(-1).push(card);
    else groups.push([card]);
  }
  return groups;
}

function groupElement(group, page) {
  const made = element("div", { class: isNumber(group[0]) ? "cards numbers" : "cards" }, ...group.map((card) => renderCard(card, page)));
  fillRows([...made.children]);
  return made;
}

/** Cards of half the width stand in pairs; one that is left over has the whole width. */
function fillRows(cards) {
  let open = null;
  for (const card of cards) {
    const isHalf = card.classList.contains("half");
    if (!isHalf || open) open = null;
    else open = card;
    const next = card.nextElementSibling;
    if (isHalf && open === card && !next?.classList.contains("half")) {
      card.classList.remove("half");
      open = null;
    }
  }
}

onQuestion(load);
addEventListener("beforeprint", () => document.querySelectorAll("details.open-in-print").forEach((each) => (each.open = true)));
load();
