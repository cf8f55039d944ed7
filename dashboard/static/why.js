// Why a metric moved between two periods: what each input and each segment added or took away.

import { linkTo, say, texts } from "./context.js";
import { read } from "./data.js";
import { element, setChildren } from "./elements.js";
import { smallNotice } from "./notices.js";
import { amount, days, difference, dimensionName, inWords, nameOf, segmentName } from "./values.js";

const MOST = 8;

/** The panel; it fills itself. `catalogue`: for the names of inputs. */
export function whyPanel(id, metric, { from, to, segment }, [first, last], catalogue) {
  const place = element("div", {}, element("p", { class: "hint" }, texts.loading));
  const made = element("section", { class: "card" }, element("div", { class: "head" }, element("div", {}, element("h2", {}, texts.why_title), element("p", { class: "hint" }, say(texts.why_periods, { now: days(from, to), before: days(first, last) })))), place);
  read(`metrics/${encodeURIComponent(id)}/why`, { from, to, previous_from: first, previous_to: last })
    .then((answer) => fill(place, metric, answer, catalogue, segment))
    .catch((problem) => setChildren(place, smallNotice(texts.why_none, problem.message)));
  return made;
}

function fill(place, metric, answer, catalogue, segment) {
  if (answer.before === null || answer.after === null) return setChildren(place, smallNotice(texts.why_none, texts.why_none_hint));
  const names = new Map(catalogue.map((each) => [each.metric, inWords(each.label)]));
  const change = element("p", { class: "change" }, `${amount(answer.before, metric)} → `, element("b", {}, amount(answer.after, metric)), ` (${difference(answer.change, metric)})`, segment ? ` · ${texts.why_unfiltered}` : "");
  const doubt = doubtOfAll(Object.values(answer.segments).flat()) || doubtOfAll(answer.inputs);
  const said = doubt ? element("p", { class: "change" }, say(texts.suspect_all, { doubt: nameOf("digest_doubt", doubt) })) : null;
  const lists = [
    ...(answer.inputs.length ? [shareList(texts.by_inputs, answer.inputs, metric, (name) => inputName(name, names), doubt)] : []),
    ...Object.entries(answer.segments).map(([dimension, shares]) => shareList(say(texts.by_dimension, { dimension: dimensionName(dimension) }), shares, metric, (name) => segmentName(name), doubt)),
  ];
  return setChildren(place, change, said, ...(lists.length ? lists : [smallNotice(texts.why_none, texts.why_alone)]));
}

/** A doubt that all shares have: it is said once, not on every row. */
function doubtOfAll(shares) {
  const doubt = shares[0]?.suspect;
  return doubt && shares.every(({ suspect }) => suspect === doubt) ? doubt : "";
}

function inputName(name, names) {
  return names.has(name) ? element("a", { href: linkTo(`/metrics/${encodeURIComponent(name)}`) }, names.get(name)) : name;
}

/** `said`: the doubt that stands above; rows of a list that all have it do not repeat it. */
function shareList(title, shares, metric, named, said) {
  const isSaid = said !== "" && doubtOfAll(shares) === said;
  const largest = shares.toSorted((one, other) => Math.abs(other.share) - Math.abs(one.share)).slice(0, MOST);
  const most = Math.max(...largest.map(({ share }) => Math.abs(share)), 0) || 1;
  const rows = largest.map(({ name, part, share, suspect }) => {
    const bar = element("i", { class: share < 0 ? "down" : "" });
    bar.style.width = `${(Math.abs(share) / most) * 100}%`;
    const label = part === "rest" ? texts.part_rest : named(name);
    return element(
      "li",
      {},
      element("span", {}, label, part === "mix" || part === "rate" ? ` · ${nameOf("part", part)}` : "", suspect && !isSaid ? element("span", { class: "tag warned", title: nameOf("digest_doubt", suspect) }, texts.suspect) : ""),
      element("b", {}, difference(share, metric)),
      element("span", { class: "track", "aria-hidden": "true" }, bar),
    );
  });
  const left = shares.length - largest.length;
  return element("div", { class: "why-list" }, element("h3", {}, title), element("ul", { class: "parts" }, ...rows), left > 0 ? element("p", { class: "hint" }, say(texts.smaller_parts, { number: String(left) })) : null);
}
