// What a rule would have done over the last months; computed when somebody asks.

import { conditionWords } from "./alert_words.js";
import { context, say, texts } from "./context.js";
import { addressOf, read } from "./data.js";
import { element, setChildren } from "./elements.js";
import { smallNotice, whileWaiting } from "./notices.js";
import { table } from "./tables.js";
import { count, duration, share } from "./values.js";

const PERIODS = [30, 90, 365];

/** The button and, once asked, the answer. */
export function backtestPanel(rule) {
  const days = element("select", { name: "days" }, ...PERIODS.map((each) => element("option", { value: String(each) }, say(texts.days_count, { days: String(each) }))));
  days.value = "90";
  const button = element("button", { class: "button" }, texts.backtest);
  const place = element("div", { id: "backtest-answer" });
  const form = element("form", { class: "note-form no-print", "aria-label": texts.backtest }, element("label", { class: "field" }, texts.period, days), button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const arrived = whileWaiting();
    try {
      const asked = { rule: rule.rule, days: days.value, lang: context.language };
      setChildren(place, ...answerParts(await read("alerts/backtest", asked), asked));
    } catch (problem) {
      setChildren(place, smallNotice(texts.card_failed, problem.message));
    } finally {
      arrived();
      button.disabled = false;
    }
  });
  return [element("div", { class: "head" }, element("div", {}, element("h2", {}, texts.backtest_title), element("p", { class: "hint" }, texts.backtest_hint))), form, place];
}

function answerParts(answer, asked) {
  const fact = (name, value, isBad = false) => element("div", {}, element("dt", {}, name), element("dd", { class: isBad ? "worse" : "" }, value));
  const picture = element("img", { class: "backtest-picture", src: addressOf("alerts/backtest.svg", asked), alt: texts.backtest_picture });
  const budget = say(texts.alert_budget_of, { number: count(answer.most_in_30_days), budget: count(answer.noise_budget) });
  return [
    element("dl", { class: "tiles" }, fact(texts.incidents, count(answer.incidents.length)), fact(texts.backtest_flaps, count(answer.flaps)), fact(texts.backtest_firing, duration(answer.firing_seconds)), fact(texts.backtest_share, share(answer.share_firing)), fact(texts.alert_budget, budget, answer.over_budget)),
    ...answer.summary.map((text) => element("p", { class: "hint" }, text)),
    picture,
    suggestions(answer.suggestions),
    element("details", {}, element("summary", {}, texts.backtest_limits), element("ul", {}, ...answer.limits.map(({ text }) => element("li", {}, text)))),
  ];
}

function suggestions(found) {
  if (!found.length) return element("p", { class: "hint" }, texts.suggestions_none);
  const rows = found.map((each) => [conditionWords(each.condition), count(each.incidents), share(each.share_firing)]);
  return element("div", {}, element("h3", {}, texts.suggestions), table(texts.suggestions, [texts.alert_condition, texts.incidents, texts.backtest_share], rows));
}
