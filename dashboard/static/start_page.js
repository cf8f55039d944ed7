// The first-run guide: north star, inputs, targets, board; then the files as they would be; then they are written.

import { context, linkTo, say, texts } from "./context.js";
import { language, Problem, read, write } from "./data.js";
import { element } from "./elements.js";
import { announce, problemPage } from "./notices.js";

const BRANCHES = ["acquisition", "activation", "retention", "revenue", "referral", "experience"];
const MOST_TARGETS = 40;
const OWN = "my_board";

const content = document.getElementById("content");
const chosen = { star: "", inputs: new Map(), targets: new Map(), board: OWN, label: "" };
let offer;
let seen = null;

const byMetric = (name) => offer.metrics.find(({ metric }) => metric === name);
const everyInput = () => [...chosen.inputs.values()].flatMap((names) => [...names]).filter((name) => name !== chosen.star);

function step(number, title, hint, ...parts) {
  return element("section", { class: "card", "aria-labelledby": `step-${number}` }, element("h2", { id: `step-${number}` }, `${number}. ${title}`), element("p", { class: "hint" }, hint), ...parts);
}

/** A radio button or checkbox with a name and what it means. */
function option(type, group, value, title, meaning, isOn, onChange) {
  const control = element("input", { type, name: group, value });
  control.checked = isOn;
  control.addEventListener("change", () => onChange(control.checked));
  return element("li", {}, element("label", {}, control, " ", element("b", {}, title)), meaning ? element("span", { class: "under" }, meaning) : null);
}

function starStep() {
  const usual = offer.usual_stars.map(byMetric).filter(Boolean);
  const options = usual.map(({ metric, label, definition }) => option("radio", "star", metric, label, definition, metric === chosen.star, () => chooseStar(metric)));
  const others = element("select", { "aria-label": texts.start_other_star }, new Option(texts.start_other_star, ""));
  for (const { metric, label } of offer.metrics) others.append(new Option(label, metric, false, metric === chosen.star && !offer.usual_stars.includes(metric)));
  others.addEventListener("change", () => others.value && chooseStar(others.value));
  return step(1, texts.start_star, texts.start_star_hint, element("ul", { class: "rows" }, ...options), element("label", { class: "field" }, texts.start_other_star, others));
}

function chooseStar(metric) {
  chosen.star = metric;
  for (const names of chosen.inputs.values()) names.delete(metric);
  for (const box of document.querySelectorAll('input[name="star"]')) box.checked = box.value === metric;
  stale();
}

function inputStep() {
  return step(2, texts.start_inputs, texts.start_inputs_hint, ...BRANCHES.map(branch));
}

function branch(stage) {
  const names = chosen.inputs.get(stage);
  const isOf = (metric) => (metric.branch ?? metric.stage) === stage;
  const all = offer.metrics.filter(isOf).sort((one, other) => Number(names.has(other.metric)) - Number(names.has(one.metric)));
  const options = all.map(({ metric, label, definition }) =>
    option("checkbox", stage, metric, label, definition, names.has(metric), (isOn) => {
      if (isOn) names.add(metric);
      else names.delete(metric);
      count.textContent = String(names.size);
      stale();
    }),
  );
  const count = element("span", { class: "tag" }, String(names.size));
  return element("details", {}, element("summary", {}, texts[`stage_${stage}`], " ", count), element("ul", { class: "rows" }, ...options));
}

function targetStep() {
  const names = [chosen.star, ...everyInput()].filter(Boolean).slice(0, MOST_TARGETS);
  const rows = names.map(byMetric).filter(Boolean).map(targetRow);
  const heads = [texts.digest_metric, texts.digest_target, texts.start_by].map((head) => element("th", { scope: "col" }, head));
  const table = element("table", { class: "data" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
  const made = step(3, texts.start_targets, texts.start_targets_hint, element("div", { class: "scroll-x", tabindex: "0", role: "region", "aria-label": texts.start_targets }, table));
  made.id = "targets";
  return made;
}

function targetRow(metric) {
  const aim = chosen.targets.get(metric.metric);
  const sign = { ratio: "%", seconds: texts.unit_second, money: context.currency }[metric.unit];
  const unit = sign ? ` (${sign})` : "";
  const value = element("input", { type: "number", step: "any", "aria-label": `${texts.digest_target}: ${metric.label}${unit}` });
  const by = element("input", { type: "date", "aria-label": `${texts.start_by}: ${metric.label}` });
  value.value = aim.value;
  by.value = aim.by;
  for (const control of [value, by]) {
    control.addEventListener("change", () => {
      chosen.targets.set(metric.metric, { value: value.value, by: by.value });
      forget();
    });
  }
  return element("tr", {}, element("th", { scope: "row" }, `${metric.label}${unit}`), element("td", {}, element("span", { class: "field" }, value)), element("td", {}, element("span", { class: "field" }, by)));
}

function boardStep() {
  const name = element("input", { maxlength: "100", "aria-label": texts.start_board_name });
  name.value = chosen.label;
  name.addEventListener("input", () => {
    chosen.label = name.value;
    forget();
  });
  const choose = (board) => () => {
    chosen.board = board;
    forget();
  };
  const own = option("radio", "board", OWN, texts.start_own_board, texts.start_own_board_hint, chosen.board === OWN, choose(OWN));
  own.append(element("label", { class: "field" }, texts.start_board_name, name));
  const there = offer.boards.filter(({ board }) => board !== OWN).map(({ board, label, audience }) => option("radio", "board", board, label, audience, chosen.board === board, choose(board)));
  return step(4, texts.start_board, texts.start_board_hint, element("ul", { class: "rows" }, own, ...there));
}

/** What was shown of the files is of an earlier choice. */
function forget() {
  seen = null;
  document.getElementById("changes").replaceChildren();
}

function stale() {
  forget();
  document.getElementById("targets").replaceWith(targetStep());
}

/** The choice as the server takes it; targets that nobody touched are left out. */
function asked() {
  const targets = {};
  for (const name of [chosen.star, ...everyInput()]) {
    const aim = chosen.targets.get(name);
    const before = byMetric(name);
    if (!aim || aim.value === "" || (aim.value === shownTarget(before).value && aim.by === shownTarget(before).by)) continue;
    targets[name] = { value: aim.value, by: aim.by || null };
  }
  const inputs = Object.fromEntries([...chosen.inputs].map(([stage, names]) => [stage, [...names]]).filter(([, names]) => names.length));
  return { north_star: chosen.star, inputs, targets, board: chosen.board, board_label: chosen.label };
}

const shownTarget = ({ target, target_by: by }) => ({ value: target === null ? "" : String(target), by: by ?? "" });

async function preview() {
  await attempt(async () => {
    seen = await write("start/preview", asked());
    showChanges(seen);
  });
}

async function save() {
  await attempt(async () => {
    const saved = await write("start/save", { ...asked(), base: seen.base });
    const board = element("a", { class: "button primary", href: linkTo("/") }, texts.start_open_board);
    document.getElementById("changes").replaceChildren(element("div", { class: "notice", role: "status" }, element("b", {}, texts.start_saved), element("p", {}, say(texts.start_saved_in, { folder: saved.folder })), board));
    announce(texts.start_saved);
  });
}

async function attempt(act) {
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    document.getElementById("changes").replaceChildren(element("p", { class: "worse", role: "alert" }, problem.message));
  }
}

function showChanges({ changes, findings, folder, is_new_folder: isNew }) {
  const parts = [element("p", { class: "hint" }, say(isNew ? texts.start_new_folder : texts.start_folder, { folder }))];
  if (findings.length) {
    parts.push(element("p", { class: "worse", role: "alert" }, texts.start_wrong), element("ul", {}, ...findings.map((finding) => element("li", {}, finding))));
  } else if (!changes.length) {
    parts.push(element("p", { role: "status" }, texts.start_nothing));
  }
  parts.push(...changes.map(({ path, diff, is_new: isNewFile }) => element("details", { open: "open" }, element("summary", {}, isNewFile ? `${path} (${texts.start_new_file})` : path), diffLines(path, diff))));
  if (changes.length && !findings.length) {
    const button = element("button", { type: "button", class: "button primary" }, texts.digest_save);
    button.addEventListener("click", save);
    parts.push(button);
  }
  document.getElementById("changes").replaceChildren(...parts);
  announce(say(texts.start_changes_count, { count: String(changes.length) }));
}

function diffLines(path, diff) {
  const kinds = { "+": "better", "-": "worse" };
  const lines = diff.split("\n").slice(2).flatMap((line) => [element("span", { class: kinds[line[0]] ?? "" }, line), "\n"]);
  return element("pre", { tabindex: "0", "aria-label": path, class: "scroll-x" }, ...lines);
}

async function open() {
  try {
    offer = await read("start", { lang: language });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    content.replaceChildren(problemPage(problem, () => location.reload()));
    return;
  }
  chosen.star = offer.north_star;
  chosen.label = texts.start_own_board;
  for (const stage of BRANCHES) chosen.inputs.set(stage, new Set(offer.metrics.filter((metric) => metric.branch === stage).map(({ metric }) => metric)));
  for (const metric of offer.metrics) chosen.targets.set(metric.metric, shownTarget(metric));
  const button = element("button", { type: "button", class: "button primary" }, texts.start_preview);
  button.addEventListener("click", preview);
  const head = element("div", { class: "page-head" }, element("div", {}, element("h1", {}, texts.start_title), element("p", { class: "lead" }, texts.start_lead)));
  const last = step(5, texts.start_save, texts.start_save_hint, button, element("div", { id: "changes", "aria-live": "polite" }));
  content.replaceChildren(head, starStep(), inputStep(), targetStep(), boardStep(), last);
  document.body.dataset.state = "ready";
}

open();
