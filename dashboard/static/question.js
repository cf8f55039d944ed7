// What a page is asked, kept in its address alone: period, grain, comparison, segments; which alerts. A link shares all
// of it.

import { context } from "./context.js";
import { addDays, dayOf, isoDay } from "./values.js";

const { today } = context;
const NAMES = ["period", "from", "to", "grain", "compare", "segment", "split", "state", "owner", "severity", "rule"];

/** The question of the address; what is not asked is an empty text. */
export function question() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? ""]));
}

/** Changes some of it: the address first, so that the back button undoes it. */
export function ask(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.pushState(null, "", text ? `?${text}` : location.pathname);
  dispatchEvent(new Event("questionchange"));
}

export function onQuestion(listener) {
  addEventListener("questionchange", listener);
  addEventListener("popstate", listener);
}

/** Asked things that other pages understand too, for links between them. */
export function carried() {
  const { period, from, to, compare, segment } = question();
  return { period, from, to, compare, segment };
}

export const PERIODS = ["7d", "28d", "90d", "365d", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter", "custom"];

const monthStart = (day) => `${day.slice(0, 8)}01`;
function quarterStart(day) {
  const date = dayOf(day);
  return isoDay(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - (date.getUTCMonth() % 3), 1)));
}
const weekStart = (day) => addDays(day, -((dayOf(day).getUTCDay() + 6) % 7));

const RANGES = {
  this_week: () => [weekStart(today), today],
  last_week: () => [addDays(weekStart(today), -7), addDays(weekStart(today), -1)],
  this_month: () => [monthStart(today), today],
  last_month: () => {
    const end = addDays(monthStart(today), -1);
    return [monthStart(end), end];
  },
  this_quarter: () => [quarterStart(today), today],
  last_quarter: () => {
    const end = addDays(quarterStart(today), -1);
    return [quarterStart(end), end];
  },
};

const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(dayOf(text).getTime()) && isoDay(dayOf(text)) === text;

/** First and last day of a period, or null when it is not chosen: then the board's own. */
export function rangeOf({ period, from, to }) {
  if (period === "custom") return isDay(from) && isDay(to) && from <= to ? [from, to] : null;
  const days = /^(\d{1,3})d$/.exec(period);
  if (days) return [addDays(today, 1 - Number(days[1])), today];
  return RANGES[period]?.() ?? null;
}

export const lengthOf = ([from, to]) => Math.round((dayOf(to) - dayOf(from)) / 86_400_000) + 1;

/** The filters of a segment text: [dimension, value or null]. A backslash keeps a comma. */
export function filtersOf(text) {
  const parts = text.match(/(?:\\.|[^,])+/g) ?? [];
  return parts
    .filter((part) => part.includes(":"))
    .map((part) => {
      const at = part.indexOf(":");
      return [part.slice(0, at), part.slice(at + 1).replaceAll(/\\(.)/g, "$1") || null];
    });
}

export const segmentText = (filters) => filters.map(([dimension, value]) => `${dimension}:${(value ?? "").replaceAll(/[\\,]/g, "\\$&")}`).join(",");
