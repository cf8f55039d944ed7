// The north star and the branches of what moves it, with values and colours; each node leads to its page.

import { linkTo, texts } from "./context.js";
import { element } from "./elements.js";
import { changeLine, emptyWords, statusBadge } from "./figures.js";
import { notice } from "./notices.js";
import { amount, inWords, nameOf } from "./values.js";

/** `data.root`: a card with `branch` and `inputs`, which are such nodes too; null without a north star. */
export function treeView(data, page) {
  const top = data.root;
  if (!top) return notice(texts.no_star, texts.no_star_hint, [element("a", { class: "button primary", href: linkTo("/start") }, texts.open_guide)], "card whole");
  const branches = branchesOf(top.inputs ?? []);
  return element(
    "div",
    { class: "tree" },
    element("div", { class: "top-node" }, nodeLink(top, page, texts.north_star)),
    element("ul", { class: "branches" }, ...branches.map(([branch, nodes]) => branchItem(branch, nodes, page))),
  );
}

function branchesOf(nodes) {
  const found = new Map();
  for (const node of nodes) found.set(node.branch ?? "", [...(found.get(node.branch ?? "") ?? []), node]);
  return [...found];
}

function branchItem(branch, nodes, page) {
  return element("li", { class: "branch" }, element(page.headings ?? "h3", {}, branch ? nameOf("stage", branch) : texts.no_stage), nodeList(nodes, page));
}

function nodeList(nodes, page) {
  return element("ul", {}, ...nodes.map((node) => element("li", {}, nodeLink(node, page), node.inputs?.length ? nodeList(node.inputs, page) : null)));
}

function nodeLink(node, page, over = "") {
  const link = element(
    "a",
    { class: "node", href: linkTo(`/metrics/${encodeURIComponent(node.metric)}`, page.carried), "data-metric": node.metric },
    over ? element("span", { class: "overline" }, over) : null,
    element("span", { class: "name" }, inWords(node.label) || node.metric),
    element("span", { class: "amount" }, amount(node.value, node)),
    emptyWords(node, page.through) ? element("span", { class: "change" }, emptyWords(node, page.through)) : changeLine(node, page.compare, "span"),
    statusBadge(node.status),
  );
  return link;
}
