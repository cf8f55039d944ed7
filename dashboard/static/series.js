// A metric over time on uPlot: what runs is dashed, restated buckets carry a diamond, a new definition a seam,
// annotations a number; the same in words beside it, in a table below, and by the arrow keys.
/* global uPlot */

import { say, termed, texts } from "./context.js";
import { drawChart, inColour, readByKeyboard, colour } from "./charts.js";
import { definitionButton } from "./definition.js";
import { element, setChildren } from "./elements.js";
import { changeLine, foot, metricLink, statusBadge } from "./figures.js";
import { dayToSeconds } from "./format.js";
import { table } from "./tables.js";
import { amount, bucket, inWords, shortBucket, tick } from "./values.js";

const FONT = "12px Inter, 'Segoe UI', Arial, sans-serif";
const DAY = 86_400;
const LABEL_WIDTH = 72;

/** A card of a board with one line: everything that a key figure says, and the chart. */
export function seriesPanel(card, points, page) {
  const before = page.compare !== "year" && card.previous_trend?.length ? card.previous_trend : null;
  const chart = seriesChart({ of: card, points, grain: page.grain, lines: [{ name: inWords(card.label), points }], before });
  return element(
    "section",
    { class: "card charted", "data-metric": card.metric },
    element("div", { class: "head" }, element("h3", {}, metricLink(card)), statusBadge(card.status), definitionButton(card)),
    element("p", { class: "aside left" }, element("strong", {}, amount(card.value, card))),
    changeLine(card, page.compare),
    ...chart,
    foot(card, page.through, page.period),
  );
}

/**
 * The elements of a chart: readout, canvas, swatches, table.
 * `lines`: [{name, points, colour}], the first is the whole; `before`: points of the compared period, by position.
 * `incidents`: bands {from, to, name} of indexes in which alerts were open; `limit`: a threshold as a line, or null.
 */
export function seriesChart({ of: metric, points, grain, lines, before = null, annotations = [], incidents = [], limit = null }) {
  // A target of the whole says nothing about its parts.
  const of = lines.length > 1 ? { ...metric, target: null } : metric;
  const readout = element("p", { class: "readout", "aria-live": "off" });
  const target = element("div", { class: "series-chart", tabindex: "0", role: "group", "aria-label": `${inWords(of.label)}. ${texts.chart_help_buckets}` });
  const rows = valuesTable({ of, grain, lines, before, points, annotations, incidents });
  const describe = (index) => setChildren(readout, ...facts({ of, grain, lines, before, points }, index ?? lastKnown(points)));
  describe(null);
  whenShown(target, () => draw({ target, of, points, grain, lines, before, annotations, incidents, limit, describe }));
  return [readout, target, swatches({ of, points, lines, before, annotations, incidents, limit }), element("details", {}, element("summary", {}, texts.show_table), rows)];
}

/** uPlot measures its place: it is drawn when that is on the page. */
function whenShown(target, then) {
  const observer = new ResizeObserver(() => {
    if (!target.isConnected || target.clientWidth === 0) return;
    observer.disconnect();
    then();
  });
  observer.observe(target);
}

const lastKnown = (points) => Math.max(0, points.findLastIndex(({ value }) => value !== null && value !== undefined));
const fact = (name, value) => element("span", {}, name ? `${name} ` : "", element("b", {}, value));

function facts({ of, grain, lines, before, points }, index) {
  const point = points[index];
  if (!point) return [];
  const named = lines.length > 1 ? lines.map(({ name, points: each }) => fact(name, amount(each[index]?.value, of))) : [fact("", amount(point.value, of))];
  return [
    element("span", {}, element("b", {}, bucket(point.bucket, grain))),
    ...named,
    before?.[index] ? fact(texts.before, amount(before[index].value, of)) : null,
    ...pointMarks(point, points[index - 1]).map((mark) => element("span", { class: "mark" }, mark)),
  ].filter(Boolean);
}

function pointMarks(point, previous) {
  return [
    ...(point.settled === false ? [texts.not_settled] : []),
    ...(point.maturing ? [texts.maturing] : []),
    ...(point.restated ? [`◆ ${texts.restated}`] : []),
    ...(previous && hasSeam(previous, point) ? [say(texts.seam_at, { version: String(point.version) })] : []),
  ];
}

const hasSeam = (previous, point) => previous.version !== undefined && point.version !== undefined && previous.version !== point.version;

function valuesTable({ of, grain, lines, before, points, annotations, incidents }) {
  const heads = [texts[`grain_${grain}`], ...lines.map(({ name }) => name), ...(before ? [texts.before] : []), texts.remarks];
  const noted = (from) => annotations.filter(({ index }) => index === from).map(({ number }) => `#${number}`);
  const alerted = (index) => [...new Set(incidents.filter(({ from, to }) => from <= index && index <= to).map(({ name }) => termed(texts.alert, name)))];
  const rows = points.map((point, index) => [
    bucket(point.bucket, grain),
    ...lines.map(({ points: each }) => amount(each[index]?.value, of)),
    ...(before ? [amount(before[index]?.value, of)] : []),
    [...pointMarks(point, points[index - 1]), ...noted(index), ...alerted(index)].join(", "),
  ]);
  const made = table(inWords(of.label), heads, rows.toReversed());
  made.classList.add("scroll");
  return made;
}

function swatches({ of, points, lines, before, annotations, incidents, limit }) {
  const swatch = (kind, text, paint) => {
    const line = element("i", { class: kind, "aria-hidden": "true" });
    if (paint) line.style.background = `var(--${paint})`;
    return element("li", {}, line, text);
  };
  const hasMark = (name) => points.some((point) => point[name]);
  return element(
    "ul",
    { class: "swatches" },
    ...(lines.length > 1 ? lines.map(({ name, colour: paint }) => swatch("", name, paint)) : []),
    points.some(({ settled, maturing }) => settled === false || maturing) ? swatch("dashed", texts.dashed_hint) : null,
    before ? swatch("before", texts.compared_line) : null,
    isDrawable(of.target, points) ? swatch("goal-line", `${texts.target} ${amount(of.target, of)}`) : null,
    points.some((point, index) => index && hasSeam(points[index - 1], point)) ? swatch("seam", texts.seam) : null,
    hasMark("restated") ? swatch("restated", texts.restated) : null,
    annotations.length ? swatch("noted", texts.annotations) : null,
    limit !== null ? swatch("limit-line", say(texts.alert_limit, { value: amount(limit, of, { minimumFractionDigits: 0 }) })) : null,
    incidents.length ? swatch("alerted", texts.alert_band) : null,
  );
}

/** A target is a line in the chart when it lies near the values; else it would flatten them. */
function isDrawable(target, points) {
  const most = Math.max(...points.map(({ value }) => Number(value ?? 0)), 0);
  return target !== null && target !== undefined && most > 0 && target <= most * 2.5 && points.some(({ status }) => status && status !== "none");
}

function draw({ target, of, points, grain, lines, before, annotations, incidents, limit, describe }) {
  const xs = points.map((point) => dayToSeconds(point.bucket));
  const running = points.findIndex(({ settled, maturing }) => settled === false || maturing);
  const whole = (each) => each.map(({ value }, index) => (running >= 0 && index >= running ? null : value));
  const open = (each) => each.map(({ value }, index) => (running >= 0 && index >= running - 1 ? value : null));
  const series = lines.flatMap(({ points: each, colour: paint = "accent" }, index) => [
    { values: whole(each), stroke: inColour(paint), width: index || lines.length > 1 ? 1.75 : 2.25, fill: lines.length > 1 ? undefined : inColour("accent-wash") },
    { values: open(each), stroke: inColour(paint), width: 1.75, dash: [5, 4] },
  ]);
  if (before) series.push({ values: points.map((_point, index) => before[index]?.value ?? null), stroke: inColour("third"), width: 1.5, dash: [2, 3] });
  const goal = isDrawable(of.target, points) ? Number(of.target) : null;
  const unitSeconds = { day: DAY, week: 7 * DAY, month: 30 * DAY }[grain];
  const chart = drawChart(
    target,
    {
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      padding: [18, 24, 0, 0],
      axes: [
        { font: FONT, stroke: inColour("soft"), grid: { show: false }, ticks: { show: false }, size: 30, splits: (self) => spaced(xs, self.bbox.width / devicePixelRatio / LABEL_WIDTH), values: (_chart, splits) => splits.map((seconds) => shortBucket(new Date(seconds * 1000).toISOString().slice(0, 10), grain)) },
        { font: FONT, size: 62, stroke: inColour("soft"), grid: { stroke: inColour("line"), width: 1 }, ticks: { show: false }, values: (_chart, splits) => splits.map((value) => tick(value, of)) },
      ],
      scales: {
        x: { time: true, range: (_chart, low, high) => [low - unitSeconds / 2, high + unitSeconds / 2] },
        y: { range: (_chart, low, high) => spread(low, high, goal, limit) },
      },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      series: [{}, ...series.map(({ values: _values, ...style }) => ({ spanGaps: false, points: { show: points.length < 2 }, ...style }))],
      hooks: {
        drawClear: [(self) => drawBands(self, incidents, unitSeconds), (self) => drawLevel(self, goal, "good"), (self) => drawLevel(self, limit, "bad")],
        draw: [(self) => drawMarks(self, points, annotations)],
        setCursor: [(self) => describe(self.cursor.idx ?? null)],
      },
    },
    [xs, ...series.map(({ values }) => values.map((value) => (value === null || value === undefined ? null : Number(value))))],
  );
  readByKeyboard(target, chart);
}

/** As many buckets as have room for a label, at equal distances back from the last. */
function spaced(xs, room) {
  const every = Math.max(1, Math.ceil(xs.length / Math.max(1, room)));
  return xs.filter((_x, index) => (xs.length - 1 - index) % every === 0);
}

/** From zero, with air above; lines of goals and thresholds are always inside. Negative values have their own floor. */
function spread(low, high, goal, limit) {
  const top = Math.max(high ?? 0, goal ?? 0, limit ?? 0, 0);
  const bottom = Math.min(low ?? 0, limit ?? 0, 0);
  const air = (top - bottom || 1) * 0.1;
  return [bottom === 0 ? 0 : bottom - air, top + air];
}

function drawLevel(chart, value, paint) {
  if (value === null) return;
  const { left, width } = chart.bbox;
  const y = chart.valToPos(value, "y", true);
  stroke(chart, paint, [8, 5], [left, y], [left + width, y]);
}

/** The buckets in which alerts were open, from edge to edge. */
function drawBands(chart, incidents, unitSeconds) {
  const { ctx, bbox, data } = chart;
  const x = (seconds) => chart.valToPos(seconds, "x", true);
  ctx.save();
  ctx.fillStyle = colour("bad-wash");
  for (const { from, to } of incidents) {
    const left = x(data[0][from] - unitSeconds / 2);
    ctx.fillRect(left, bbox.top, Math.max(2, x(data[0][to] + unitSeconds / 2) - left), bbox.height);
  }
  ctx.restore();
}

function stroke({ ctx }, paint, dash, from, to) {
  ctx.save();
  ctx.strokeStyle = colour(paint);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
  ctx.restore();
}

function drawMarks(chart, points, annotations) {
  const { top, height } = chart.bbox;
  const at = (index) => chart.valToPos(chart.data[0][index], "x", true);
  points.forEach((point, index) => {
    if (point.restated) drawDiamond(chart, at(index), top + height - 9 * devicePixelRatio);
    if (index && hasSeam(points[index - 1], point)) {
      const x = (at(index - 1) + at(index)) / 2;
      stroke(chart, "warn", [], [x, top], [x, top + height]);
      label(chart, x, top - 7 * devicePixelRatio, `v${point.version}`, "warn");
    }
  });
  for (const { index, number } of annotations) drawNumber(chart, at(index), top - 4 * devicePixelRatio, number);
}

function drawDiamond({ ctx }, x, y) {
  const size = 4 * devicePixelRatio;
  ctx.fillStyle = colour("warn");
  ctx.beginPath();
  ctx.moveTo(x, y - size);
  ctx.lineTo(x + size, y);
  ctx.lineTo(x, y + size);
  ctx.lineTo(x - size, y);
  ctx.fill();
}

function label({ ctx }, x, y, text, paint) {
  ctx.save();
  ctx.font = `600 ${11 * devicePixelRatio}px Inter, Arial, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = colour(paint);
  ctx.fillText(text, x, y);
  ctx.restore();
}

function drawNumber(chart, x, y, number) {
  const { ctx } = chart;
  ctx.fillStyle = colour("ink");
  ctx.beginPath();
  ctx.arc(x, y, 8 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fill();
  label(chart, x, y + devicePixelRatio * 0.5, String(number), "card");
}
