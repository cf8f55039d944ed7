// The dialog that says what a number means: definition, formula, owner, decision, target. Esc and a button close it.

import { linkTo, say, texts } from "./context.js";
import { element } from "./elements.js";
import { carried } from "./question.js";
import { amount, day, inWords, nameOf } from "./values.js";

let dialog = null;

/** The button with an i that opens it. */
export function definitionButton(card) {
  const name = say(texts.definition_of, { metric: inWords(card.label) });
  const button = element("button", { type: "button", class: "info", "aria-haspopup": "dialog", "aria-label": name, title: texts.definition }, "i");
  button.addEventListener("click", () => openDefinition(card));
  return button;
}

export function openDefinition(card) {
  dialog ??= document.body.appendChild(element("dialog", { "aria-labelledby": "definition-title" }));
  const close = element("button", { type: "button", class: "button" }, texts.close);
  close.addEventListener("click", () => dialog.close());
  dialog.replaceChildren(
    element(
      "div",
      { class: "inside" },
      element("h2", { id: "definition-title" }, inWords(card.label)),
      element("p", {}, inWords(card.definition) || texts.no_definition),
      element("dl", {}, ...definitionFacts(card)),
      element(
        "div",
        { class: "actions" },
        element("a", { class: "button primary", href: linkTo(`/metrics/${encodeURIComponent(card.metric)}`, carried()) }, texts.open_metric),
        close,
      ),
    ),
  );
  dialog.showModal();
  close.focus();
}

/** Terms and what they are, of a metric or a card; what nobody said is left out. */
export function definitionFacts(card) {
  return [
    [texts.formula, card.formula ? element("code", { class: "formula" }, card.formula) : ""],
    [texts.decision, inWords(card.decision)],
    [texts.owner, card.owner],
    [texts.target, targetText(card)],
    [texts.thresholds, thresholdText(card)],
    [texts.direction, card.direction ? texts[`direction_${card.direction}`] : ""],
    [texts.benchmark, benchmarkText(card)],
    [texts.objective, inWords(card.objective?.text ?? card.objective)],
    [texts.hypothesis, card.hypothesis ?? ""],
    [texts.stage, card.stage ? nameOf("stage", card.stage) : ""],
    [texts.timing, card.timing ? nameOf("timing", card.timing) : ""],
    [texts.source, card.source ?? ""],
    [texts.review_by, card.review_by ? day(card.review_by) : ""],
    [texts.version, card.definition_version ? String(card.definition_version) : ""],
    [texts.lifecycle, card.lifecycle && card.lifecycle !== "active" ? nameOf("lifecycle", card.lifecycle) : ""],
  ].flatMap(([term, said]) => (said ? [element("dt", {}, term), element("dd", {}, said)] : []));
}

/** "50,000 € by 31 Dec 2026", a condition that is met or not, or nothing. */
export function targetText(card) {
  const by = card.target_by ? ` ${say(texts.by_day, { day: day(card.target_by) })}` : "";
  if (card.target !== null && card.target !== undefined) return `${amount(card.target, card)}${by}`;
  if (!card.target_condition) return "";
  return `${card.target_condition}${by} · ${card.target_met ? texts.condition_met : texts.condition_open}`;
}

function thresholdText(card) {
  const said = (name, value) => (value === null || value === undefined ? [] : [`${texts[`status_${name}`]} ${amount(value, card)}`]);
  return [...said("orange", card.orange), ...said("red", card.red)].join(" · ");
}

function benchmarkText({ benchmark, ...card }) {
  if (!benchmark) return "";
  return `${amount(benchmark.value, card)} · ${benchmark.source}${benchmark.at ? `, ${day(benchmark.at)}` : ""}`;
}
