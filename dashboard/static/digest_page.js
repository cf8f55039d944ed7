// The ritual's page: fetches its sections; here people note decisions and actions, and what became of them.

import { context, linkTo, say, texts } from "./context.js";
import { Problem, readPart, write } from "./data.js";
import { byId, element } from "./elements.js";
import { announce, problemPage, whileWaiting } from "./notices.js";

const { week, metrics } = context.told;

const field = (caption, control, wide = false) => element("label", { class: wide ? "field stretch" : "field" }, caption, control);
const input = (name, properties = {}) => element("input", { name, maxlength: "200", ...properties });

function choice(name, options) {
  return element("select", { name }, ...options.map(([value, caption]) => new Option(caption, value)));
}

/** Sends, then shows the sections anew. */
async function send(path, content, method, problem) {
  try {
    await write(path, content, method);
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    problem.textContent = say(texts.digest_not_saved, { reason: failure.message });
    problem.hidden = false;
    return;
  }
  await load();
  announce(texts.digest_saved);
}

function form(path, title, fields, contentOf) {
  const problem = element("p", { class: "worse", role: "alert", hidden: "hidden" });
  const made = element(
    "form",
    { class: "controls no-print", "aria-label": title },
    ...fields,
    element("button", { class: "button primary" }, texts.digest_save),
    problem,
  );
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    send(path, { week, ...contentOf(new FormData(made)) }, "POST", problem);
  });
  return element("details", { class: "no-print" }, element("summary", {}, title), made);
}

const metricChoice = () => field(texts.digest_metric, choice("metric", [["", texts.digest_no_metric], ...metrics.map(({ id, label }) => [id, label])]));
const text = () => field(texts.digest_text, element("textarea", { name: "text", required: "required", rows: "2", maxlength: "2000" }), true);
const plain = (data, ...names) => Object.fromEntries(names.map((name) => [name, data.get(name)]));

function decisionForm() {
  const courses = ["start", "iterate", "kill"].map((course) => [course, texts[`course_${course}`]]);
  const fields = [field(texts.digest_course, choice("course", courses)), text(), metricChoice(), field(texts.digest_owner, input("owner"))];
  return form("decisions", texts.digest_add_decision, fields, (data) => plain(data, "course", "text", "metric", "owner"));
}

function actionForm() {
  const fields = [
    text(),
    field(texts.digest_owner, input("owner")),
    field(texts.digest_due, input("due", { type: "date" })),
    field(texts.digest_effect, input("expected_effect")),
    field(`${texts.digest_budget} (${context.currency})`, input("budget", { type: "number", min: "0", step: "0.01" })),
    metricChoice(),
  ];
  return form("actions", texts.digest_add_action, fields, (data) => ({
    ...plain(data, "text", "owner", "expected_effect", "metric"),
    due: data.get("due") || null,
    budget: data.get("budget") || null,
  }));
}

const STATES = [
  ["open", "digest_mark_open"],
  ["done", "digest_mark_done"],
  ["dropped", "digest_mark_dropped"],
];

/** What can be done with a note that stands on the page. */
function doings(note) {
  const [kind] = note.dataset.note.split("/");
  const problem = element("p", { class: "worse under", role: "alert", hidden: "hidden" });
  const change = (content, method = "PATCH") => send(note.dataset.note, method === "PATCH" ? { ...content, version: Number(note.dataset.version) } : undefined, method, problem);
  const button = (caption, act) => {
    const made = element("button", { type: "button", class: "link-button" }, caption);
    made.addEventListener("click", act);
    return made;
  };
  const marks = kind === "actions" ? STATES.filter(([state]) => state !== note.dataset.state).map(([status, word]) => button(texts[word], () => change({ status }))) : [outcome(change, button)];
  note.append(element("span", { class: "under chips no-print" }, ...marks, button(texts.digest_remove, () => change({}, "DELETE"))), problem);
}

function outcome(change, button) {
  const made = element("span", {});
  made.append(
    button(texts.digest_add_outcome, () => {
      const box = input("outcome", { "aria-label": texts.digest_outcome, maxlength: "2000" });
      const save = element("form", { class: "controls" }, box, element("button", { class: "button" }, texts.digest_save));
      save.addEventListener("submit", (event) => {
        event.preventDefault();
        change({ outcome: box.value });
      });
      made.replaceChildren(save);
      box.focus();
    }),
  );
  return made;
}

async function load() {
  const arrived = whileWaiting();
  document.body.dataset.refreshing = "yes";
  try {
    show(await readPart(linkTo("/digest/sections", { week })));
    document.body.dataset.state = "ready";
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    document.body.dataset.state = "failed";
    byId("digest-parts").replaceChildren(problemPage(problem, load));
  } finally {
    arrived();
    delete document.body.dataset.refreshing;
  }
}

function show(part) {
  byId("digest-week").textContent = part.dataset.subtitle;
  part.querySelector('[data-form="decisions"]').append(decisionForm());
  part.querySelector('[data-form="actions"]').append(actionForm());
  part.querySelectorAll("[data-note]").forEach(doings);
  byId("digest-parts").replaceChildren(...part.children);
}

load();
