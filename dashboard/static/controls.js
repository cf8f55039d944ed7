// The controls of a page: period, grain, comparison, segment. They change the address; the address changes the page.

import { context, say, termed, texts } from "./context.js";
import { read } from "./data.js";
import { element, setChildren } from "./elements.js";
import { announce } from "./notices.js";
import { ask, filtersOf, onQuestion, PERIODS, question, rangeOf, segmentText } from "./question.js";
import { dimensionName, segmentName } from "./values.js";

const GRAINS = ["day", "week", "month"];

/** `wanted`: which of period, grain, compare, segment there are. */
export function controls(wanted) {
  const form = element("form", { class: "controls", "aria-label": texts.controls });
  form.addEventListener("submit", (event) => event.preventDefault());
  const parts = {
    period: periodFields,
    grain: () => [choice("grain", texts.grain, [["", texts.grain_own], ...GRAINS.map((grain) => [grain, texts[`grain_${grain}`]])])],
    compare: () => [choice("compare", texts.compare, [["", texts.compare_previous], ["year", texts.compare_year]])],
    segment: segmentFields,
  };
  form.append(...wanted.flatMap((name) => parts[name]()));
  return form;
}

/** Says what the choice "as usual" is on this page. */
export function showUsual(form, period, grain) {
  const first = (name) => form.querySelector(`select[name="${name}"]`)?.options[0];
  const own = { period, grain: say(texts.own_grain, { grain: texts[`grain_${grain}`] }) };
  for (const [name, text] of Object.entries(own)) if (first(name)) first(name).textContent = text;
}

function field(label, input) {
  return element("label", { class: "field" }, label, input);
}

function select(options, value) {
  const made = element("select", {}, ...options.map(([name, text]) => element("option", { value: name }, text)));
  for (const option of made.options) if (!option.hasAttribute("value")) option.setAttribute("value", "");
  made.value = value;
  return made;
}

/** A choice that changes the address, and follows it. */
export function choice(name, label, options) {
  const made = select(options, question()[name]);
  made.name = name;
  made.addEventListener("change", () => ask({ [name]: made.value }));
  onQuestion(() => {
    made.value = question()[name];
  });
  return field(label, made);
}

function periodFields() {
  const made = select([["", texts.period_own], ...PERIODS.map((name) => [name, texts[`period_${name}`]])], question().period);
  made.name = "period";
  const from = element("input", { type: "date", max: context.today });
  const to = element("input", { type: "date", max: context.today });
  const days = [field(texts.from, from), field(texts.to, to)];
  const show = () => {
    const asked = question();
    made.value = asked.period;
    from.value = asked.from;
    to.value = asked.to;
    for (const each of days) each.hidden = asked.period !== "custom";
  };
  made.addEventListener("change", () => {
    if (made.value !== "custom") return ask({ period: made.value, from: "", to: "" });
    const [first, last] = rangeOf(question()) ?? rangeOf({ period: "28d" });
    return ask({ period: "custom", from: first, to: last });
  });
  for (const each of [from, to]) {
    each.addEventListener("change", () => {
      const isRange = from.value && to.value && from.value <= to.value;
      (isRange ? to : each).setCustomValidity(isRange ? "" : texts.range_backwards);
      if (isRange) ask({ period: "custom", from: from.value, to: to.value });
      else each.reportValidity();
    });
  }
  onQuestion(show);
  show();
  return [field(texts.period, made), ...days];
}

/** A dimension, then its value, adds a filter; each filter is a button that takes it away. */
function segmentFields() {
  const dimension = select([["", texts.segment_all]], "");
  const value = select([["", texts.segment_value]], "");
  const valueField = field(texts.segment_value, value);
  const chips = element("div", { class: "chips", role: "group", "aria-label": texts.filters });
  valueField.hidden = true;
  let known = new Map();

  const show = () => {
    const filters = filtersOf(question().segment);
    setChildren(chips, ...filters.map(([name, of], index) => chip(name, of, () => ask({ segment: segmentText(filters.toSpliced(index, 1)) }))));
    chips.hidden = filters.length === 0;
  };
  dimension.addEventListener("change", () => {
    valueField.hidden = dimension.value === "";
    const values = known.get(dimension.value) ?? [];
    setChildren(value, element("option", {}, values.length ? texts.segment_choose : texts.segment_none), ...values.map((each) => element("option", {}, segmentName(each))));
  });
  value.addEventListener("change", () => {
    const index = value.selectedIndex - 1;
    const name = dimension.value;
    if (index < 0) return;
    const chosen = known.get(name)[index];
    ask({ segment: segmentText([...filtersOf(question().segment).filter(([each]) => each !== name), [name, chosen]]) });
    announce(say(texts.filtered_by, { dimension: dimensionName(name), value: segmentName(chosen) }));
    dimension.value = "";
    valueField.hidden = true;
    dimension.focus();
  });
  dimensions().then((found) => {
    known = found;
    dimension.append(...[...found.keys()].map((name) => element("option", { value: name }, dimensionName(name))));
  });
  onQuestion(show);
  show();
  return [field(texts.segment, dimension), valueField, chips];
}

function chip(name, of, remove) {
  const label = termed(dimensionName(name), segmentName(of));
  const button = element("button", { type: "button", class: "chip", "aria-label": say(texts.remove_filter, { filter: label }) }, label, element("span", { class: "x", "aria-hidden": "true" }, "✕"));
  button.addEventListener("click", remove);
  return button;
}

/** What metrics can be split by, each with its values; nothing while it cannot be read. */
export async function dimensions() {
  const answer = await read("segments").catch(() => ({ dimensions: [] }));
  return new Map(answer.dimensions.map(({ dimension, values }) => [dimension, values]));
}
