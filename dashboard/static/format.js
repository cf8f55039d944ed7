// Numbers, days and instants in the viewer's language. Instants are shown in the workspace's time zone.

const DAY_MS = 86_400_000;
const NO_VALUE = "–";

/** A day like 2026-11-22 as seconds of its midnight in UTC: the x of a chart, and nothing else. */
export const dayToSeconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;

export function createFormat({ locale, timezone, texts }) {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const wholePercent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const signedPercent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
  const signed = new Intl.NumberFormat(locale, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
  const oneDigit = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const shortDay = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
  const longDay = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "medium", timeZone: timezone });
  const dayTime = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: timezone });

  const units = [
    [86_400, texts.unit_day],
    [3_600, texts.unit_hour],
    [60, texts.unit_minute],
    [1, texts.unit_second],
  ];
  const given = (value, formatter, scale = 1) => (value === null || value === undefined ? NO_VALUE : formatter.format(value * scale));

  return {
    count: (value) => given(value, whole),
    compact: (value) => given(value, compact),
    rate: (value) => given(value, percent),
    wholeRate: (value) => given(value, wholePercent),
    change: (value) => given(value, signedPercent),
    points: (value) => `${given(value, signed, 100)} ${texts.points}`,
    shortDay: (seconds) => shortDay.format(seconds * 1000),
    longDay: (day) => longDay.format(dayToSeconds(day) * 1000),
    time: (ms) => (ms === null ? NO_VALUE : time.format(ms)),
    /** The time alone for the last half day, with its date before that. */
    instant: (ms) => (ms === null ? NO_VALUE : Date.now() - ms < DAY_MS / 2 ? time.format(ms) : dayTime.format(ms)),
    duration(seconds) {
      if (seconds === null) return NO_VALUE;
      const [size, unit] = units.find(([each]) => seconds >= each) ?? units.at(-1);
      return `${oneDigit.format(seconds / size)}\u00a0${unit}`;
    },
  };
}
