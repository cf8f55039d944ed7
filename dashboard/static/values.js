// Values, changes, days and instants as people of the page's language write them. Money is in the workspace's currency.

import { context, say, texts } from "./context.js";

export const NO_VALUE = "–";
const { locale, timezone, currency } = context;
const DAY_MS = 86_400_000;
const DURATIONS = [
  [86_400, "unit_day"],
  [3_600, "unit_hour"],
  [60, "unit_minute"],
  [1, "unit_second"],
];
const NAMED_UNITS = { days: "day", months: "month", years: "year" };

const numbers = new Map();
function numberFormat(options) {
  const key = JSON.stringify(options);
  if (!numbers.has(key)) numbers.set(key, new Intl.NumberFormat(locale, options));
  return numbers.get(key);
}
const digits = (decimals, most = decimals) => ({ minimumFractionDigits: Math.min(decimals, most), maximumFractionDigits: most });
const decimalsOf = ({ decimals, unit }) => decimals ?? { ratio: 1, money: 0, count: 0, bytes: 0 }[unit] ?? 1;

const isNothing = (value) => value === null || value === undefined || Number.isNaN(Number(value));

/** A value by its unit and decimals; `of` is anything with `unit` and `decimals`. */
export function amount(value, of, options = {}) {
  if (isNothing(value)) return NO_VALUE;
  const number = Number(value);
  const decimals = decimalsOf(of);
  switch (of.unit) {
    case "ratio":
      return numberFormat({ style: "percent", ...digits(decimals), ...options }).format(number);
    case "money":
      return numberFormat({ style: "currency", currency, ...digits(decimals), ...options }).format(number);
    case "seconds":
      return duration(number);
    case "days":
    case "months":
    case "years":
      return numberFormat({ style: "unit", unit: NAMED_UNITS[of.unit], unitDisplay: "long", ...digits(0, decimals), ...options }).format(number);
    case "multiple":
      return `${numberFormat({ ...digits(decimals), ...options }).format(number)}\u202f×`;
    case "bytes":
      return numberFormat({ style: "unit", unit: "byte", notation: "compact", unitDisplay: "narrow" }).format(number);
    default:
      return numberFormat({ ...digits(decimals), ...options }).format(number);
  }
}

/** Short, for the axis of a chart. */
export function tick(value, of) {
  if (of.unit === "seconds") return duration(value);
  const options = { minimumFractionDigits: 0, maximumFractionDigits: of.unit === "ratio" ? 1 : 2 };
  if (of.unit === "ratio") return amount(value, of, options);
  if (NAMED_UNITS[of.unit]) return numberFormat(options).format(value);
  return amount(value, of, { ...options, notation: "compact", maximumFractionDigits: 1 });
}

export function duration(seconds) {
  if (isNothing(seconds)) return NO_VALUE;
  const [size, unit] = DURATIONS.find(([each]) => Math.abs(seconds) >= each) ?? DURATIONS.at(-1);
  return `${numberFormat(digits(0, 1)).format(seconds / size)}\u00a0${texts[unit]}`;
}

export const count = (value) => (isNothing(value) ? NO_VALUE : numberFormat(digits(0)).format(value));
export const share = (value) => (isNothing(value) ? NO_VALUE : numberFormat({ style: "percent", ...digits(0, 1) }).format(value));
export const wholeShare = (value) => (isNothing(value) ? NO_VALUE : numberFormat({ style: "percent", ...digits(0) }).format(value));

/** A difference with its sign: a rate's in points, any other in its own unit. */
export function difference(value, of) {
  if (isNothing(value)) return NO_VALUE;
  if (of.unit === "ratio") return `${numberFormat({ ...digits(0, Math.max(1, decimalsOf(of))), signDisplay: "exceptZero" }).format(value * 100)}\u00a0${texts.points}`;
  if (of.unit === "seconds") return `${value > 0 ? "+" : value < 0 ? "−" : ""}${duration(Math.abs(value))}`;
  return amount(value, { ...of, decimals: Math.max(decimalsOf(of), Math.abs(value) < 10 ? 1 : 0) }, { signDisplay: "exceptZero", minimumFractionDigits: 0 });
}

/**
 * How a value stands to an earlier one: levels change in per cent, rates in points.
 * `moved`: up, down or same. `verdict`: better, worse or same, by which direction is good. Null without one of the two.
 * What is too small to be written, is no change.
 */
export function comparison(value, before, of) {
  if (isNothing(value) || isNothing(before)) return null;
  const now = Number(value);
  const then = Number(before);
  const text = changeText(now, then, of);
  const isSame = now === then || !(text === texts.from_nothing || /[1-9]/.test(text));
  const moved = isSame ? "same" : now > then ? "up" : "down";
  const verdict = isSame ? "same" : (moved === "up") === (of.direction !== "down") ? "better" : "worse";
  return { moved, verdict, arrow: { up: "▲", down: "▼", same: "■" }[moved], text };
}

function changeText(now, then, of) {
  if (of.unit === "ratio") return difference(now - then, of);
  if (then === 0) return now === 0 ? share(0) : texts.from_nothing;
  return numberFormat({ style: "percent", ...digits(0, 1), signDisplay: "exceptZero" }).format((now - then) / Math.abs(then));
}

const dates = new Map();
function dateFormat(options) {
  const key = JSON.stringify(options);
  if (!dates.has(key)) dates.set(key, new Intl.DateTimeFormat(locale, options));
  return dates.get(key);
}
const DAY = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
/** A day like 2026-11-22 as a date whose UTC fields are its own. */
export const dayOf = (text) => new Date(`${text}T00:00:00Z`);
export const isoDay = (date) => date.toISOString().slice(0, 10);
export const addDays = (day, days) => isoDay(new Date(dayOf(day).getTime() + days * DAY_MS));
export const day = (text) => (text ? dateFormat(DAY).format(dayOf(text)) : NO_VALUE);
export const shortDay = (text) => dateFormat({ day: "numeric", month: "short", timeZone: "UTC" }).format(dayOf(text));
export const days = (from, to) => dateFormat(DAY).formatRange(dayOf(from), dayOf(to));

/** A bucket by its grain: a day, the week of a day, a month. */
export function bucket(text, grain) {
  if (grain === "month") return dateFormat({ month: "short", year: "numeric", timeZone: "UTC" }).format(dayOf(text));
  if (grain === "week") return say(texts.week_of, { day: day(text) });
  return dateFormat({ weekday: "short", ...DAY }).format(dayOf(text));
}
export function shortBucket(text, grain) {
  return grain === "month" ? dateFormat({ month: "short", year: "2-digit", timeZone: "UTC" }).format(dayOf(text)) : shortDay(text);
}

/** An instant in the workspace's time zone; of today only its time. */
export function instant(text) {
  if (!text) return NO_VALUE;
  const at = typeof text === "number" ? new Date(text) : new Date(text);
  const hour = { hour: "2-digit", minute: "2-digit", timeZone: timezone };
  const ago = Date.now() - at.getTime();
  const isRecent = ago >= 0 && ago < DAY_MS / 2;
  return dateFormat(isRecent ? hour : { day: "numeric", month: "short", ...hour }).format(at);
}

/** A text that is said in several languages, or in one. */
export function inWords(label) {
  if (label === null || label === undefined || typeof label === "string") return label ?? "";
  return label[context.language] || label.en || "";
}

/** The name of a stage, a preset, a cadence … : a word of ours when there is one, else itself. */
export const nameOf = (list, name) => texts[`${list}_${name}`] ?? name;

/** A dimension as people call it; of an event's own properties only their name. */
export const dimensionName = (name) => nameOf("dimension", name.replace(/^property\./, ""));

/** A segment's value; null is the segment of those where nobody said. */
export function segmentName(value, isOthers = false) {
  if (isOthers || value === "…others") return texts.segment_others;
  return value === null || value === "" ? texts.segment_nobody : value;
}
