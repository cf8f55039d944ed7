// Alerts: where every rule stands, what is held back and why, silences, receivers; or one rule with its past.

import { overview } from "./alert_overview.js";
import { rulePage } from "./alert_rule.js";
import { say, texts } from "./context.js";
import { Problem, read, readList } from "./data.js";
import { byId, element, setChildren } from "./elements.js";
import { problemPage, showBanner, whileWaiting } from "./notices.js";
import { onQuestion, question } from "./question.js";

const REFRESH_MS = 3000;
/** The alerter sees to what people do within a second: so soon, and so often, it is asked what came of it. */
const SOON_MS = 700;
const SOON_TIMES = 4;
const content = byId("content");
const state = { asked: 0, timer: 0, soon: 0, view: null, catalogue: null };

async function load() {
  clearTimeout(state.timer);
  const number = ++state.asked;
  const arrived = whileWaiting();
  try {
    const [alerts, silences] = await Promise.all([read("alerts"), read("alerts/silences")]);
    state.catalogue ??= await readList("metrics", "metrics");
    if (number !== state.asked) return;
    showBanner("");
    show(alerts, silences.silences);
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    if (number === state.asked) fail(problem);
  } finally {
    arrived();
    if (number === state.asked) state.timer = setTimeout(loadIfSeen, state.soon-- > 0 ? SOON_MS : REFRESH_MS);
  }
}

function changed() {
  state.soon = SOON_TIMES;
  load();
}

function loadIfSeen() {
  if (document.hidden) document.addEventListener("visibilitychange", loadIfSeen, { once: true });
  else load();
}

/** What was shown stays, under a sentence, while the engine is away. */
function fail(problem) {
  if (problem.isAway && state.view) return showBanner(texts.banner_unavailable);
  document.body.dataset.state = "failed";
  state.view = null;
  return setChildren(content, problemPage(problem, load));
}

/** Another view begins empty; within one, only what has changed is drawn anew. */
function show(alerts, silences) {
  const wanted = question().rule;
  if (wanted && !alerts.alerts.some(({ rule }) => rule === wanted)) throw new Problem(404, say(texts.no_rule, { rule: wanted }));
  document.body.dataset.state = "ready";
  if (state.view?.wanted !== wanted) {
    const places = { head: element("header", { class: "page-head" }), sheet: element("div", { class: "sheet" }) };
    state.view = { wanted, ...(wanted ? rulePage(wanted, places, changed) : overview(places, changed)) };
    setChildren(content, places.head, state.view.controls, places.sheet);
    scrollTo(0, 0);
  }
  state.view.update({ ...alerts, silences, catalogue: state.catalogue });
}

onQuestion(load);
load();
