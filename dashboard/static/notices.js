// Nothing yet, an error, or something to know: always why, and what to do.

import { context, texts } from "./context.js";
import { element } from "./elements.js";

const SLOW_MS = 4000;

/** A notice with a bold line, a sentence, and what can be done (elements). */
export function notice(title, text, doings = [], kind = "") {
  return element(
    "div",
    { class: `notice ${kind}`.trim() },
    element("b", {}, title),
    text ? element("p", {}, text) : null,
    doings.length ? element("div", { class: "actions" }, ...doings) : null,
  );
}

export const smallNotice = (title, text, doings) => notice(title, text, doings, "small");

/** In place of a whole page. */
export function problemPage(problem, again) {
  const button = element("button", { type: "button", class: "button primary" }, texts.try_again);
  button.addEventListener("click", again);
  const home = element("a", { class: "button", href: `/boards?lang=${context.language}` }, texts.all_boards);
  const title = problem.status === 404 ? texts.problem_not_found : problem.status === 422 ? texts.problem_question : texts.problem_title;
  const box = notice(title, problem.message, [button, home], "card whole");
  box.setAttribute("role", "alert");
  return box;
}

/** Says after a while that it takes long; the returned function ends that. */
export function whileWaiting() {
  const timer = setTimeout(() => showBanner(texts.still_working), SLOW_MS);
  return () => {
    clearTimeout(timer);
    if (document.getElementById("banner").textContent === texts.still_working) showBanner("");
  };
}

export function announce(text) {
  document.getElementById("announcement").textContent = text;
}

export function showBanner(text) {
  const banner = document.getElementById("banner");
  banner.hidden = text === "";
  banner.textContent = text;
}
