// Dated annotations of a metric: numbers tell what, people tell why. They are numbered as in the chart.

import { context, texts } from "./context.js";
import { write } from "./data.js";
import { element } from "./elements.js";
import { announce, smallNotice } from "./notices.js";
import { day, nameOf } from "./values.js";

const KINDS = ["field_note", "hypothesis", "outcome"];

/** The list and the form; `changed` is called when one was added. `annotations`: the latest first. */
export function annotationsPanel(metric, annotations, changed) {
  const number = (index) => annotations.length - index;
  const items = annotations.map(({ day: on, kind, text, author }, index) =>
    element("li", {}, element("span", {}, element("span", { class: "number-mark" }, String(number(index))), text), element("small", {}, [day(on), nameOf("annotation", kind), author].filter(Boolean).join(" · "))),
  );
  const list = items.length ? element("ol", { class: "points noted-list" }, ...items) : smallNotice(texts.annotations_empty, texts.annotations_empty_hint);
  return element("section", { class: "card", id: "annotations" }, element("div", { class: "head" }, element("h2", {}, texts.annotations)), list, form(metric, changed));
}

function form(metric, changed) {
  const field = (name, input) => element("label", { class: "field" }, name, input);
  const text = element("input", { type: "text", required: "required", maxlength: "500", name: "text" });
  const on = element("input", { type: "date", required: "required", max: context.today, name: "day" });
  on.value = context.today;
  const kind = element("select", { name: "kind" }, ...KINDS.map((each) => element("option", { value: each }, nameOf("annotation", each))));
  const author = element("input", { type: "text", maxlength: "100", name: "author", autocomplete: "name" });
  const wrong = element("p", { class: "worse", role: "alert" });
  const made = element("form", { class: "note-form no-print" }, element("div", { class: "stretch" }, field(texts.annotation_text, text)), field(texts.annotation_day, on), field(texts.annotation_kind, kind), field(texts.annotation_author, author), element("button", { class: "button primary" }, texts.annotation_add), wrong);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    try {
      await write("annotations", { text: text.value, day: on.value, kind: kind.value, author: author.value, metric });
      announce(texts.annotation_added);
      changed();
    } catch (problem) {
      wrong.textContent = problem.message;
    }
  });
  return made;
}
