// What every page's frame does: the other language keeps the question that the address asks.

import { context } from "./context.js";

const other = document.getElementById("other-language");

function keepQuestion() {
  const query = new URLSearchParams(location.search);
  query.set("lang", other.hreflang);
  other.href = `?${query}`;
}

document.documentElement.lang = context.language;
keepQuestion();
addEventListener("popstate", keepQuestion);
addEventListener("questionchange", keepQuestion);
