// Charts over days, on uPlot: they take their colours from the style sheet and can be read by keyboard.
/* global uPlot */

import { dayToSeconds } from "./format.js";

const DAY = 86_400;
const FONT = "12px Inter, 'Segoe UI', Arial, sans-serif";
const drawn = new Set();

const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;

/** A colour of the page as it is now, for a canvas: a variable would still say both, the light and the dark one. */
export function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}
export const inColour = (name) => () => colour(name);

matchMedia("print").addEventListener("change", () => drawn.forEach((chart) => chart.redraw()));
document.addEventListener("themechange", () => drawn.forEach((chart) => chart.redraw()));
document.fonts?.ready.then(() => drawn.forEach((chart) => chart.redraw()));

/** A chart that fills its place and follows its size and the colours of the page. */
export function drawChart(target, options, data) {
  const size = () => ({ width: Math.max(1, target.clientWidth), height: Math.max(1, target.clientHeight) });
  const chart = new uPlot({ ...size(), legend: { show: false }, ...options }, data, target);
  new ResizeObserver(() => chart.setSize(size())).observe(target);
  drawn.add(chart);
  return chart;
}

const dayAxes = (format) => [
  {
    font: FONT,
    stroke: inColour("soft"),
    grid: { show: false },
    ticks: { show: false },
    size: 30,
    space: 64,
    incrs: [DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY],
    values: (_chart, splits) => splits.map((seconds) => format.shortDay(seconds)),
  },
  {
    font: FONT,
    size: 46,
    stroke: inColour("soft"),
    grid: { stroke: inColour("line"), width: 1 },
    ticks: { show: false },
    incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7],
    values: (_chart, splits) => splits.map((value) => format.compact(value)),
  },
];

const fromZero = { range: (_chart, _low, high) => [0, Math.max(4, (high ?? 0) * 1.1)] };
const withMargin = (margin) => ({ time: true, range: (_chart, low, high) => [low - margin * DAY, high + margin * DAY] });
const inUtc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC");

/** A line of the last days without axes; the last point is marked. */
export function sparkline(target, colourName) {
  const chart = drawChart(
    target,
    {
      cursor: { show: false },
      padding: [5, 6, 5, 6],
      axes: [{ show: false }, { show: false }],
      scales: { x: { time: false }, y: { range: (_chart, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) } },
      series: [
        {},
        {
          stroke: inColour(colourName),
          width: 1.75,
          points: { show: true, size: 6, fill: inColour(colourName), filter: (self) => [self.data[0].length - 1] },
        },
      ],
    },
    [[], []],
  );
  return (values) => chart.setData([values.map((_value, index) => index), values]);
}

/** Lines of daily, weekly and monthly actives; the days still running are shaded, restated ones carry a diamond. */
export function activesChart(target, format, onDay) {
  const shown = { restated: new Set(), running: 0 };
  const chart = drawChart(
    target,
    {
      tzDate: inUtc,
      padding: [10, 10, 0, 0],
      axes: dayAxes(format),
      scales: { x: withMargin(0.5), y: fromZero },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      series: [
        {},
        { stroke: inColour("third"), width: 1.75, points: { show: false } },
        { stroke: inColour("second"), width: 1.75, points: { show: false } },
        { stroke: inColour("accent"), fill: inColour("accent-wash"), width: 2.25, points: { show: false } },
      ],
      hooks: {
        drawClear: [(self) => shadeRunning(self, shown.running)],
        draw: [(self) => drawDiamonds(self, shown.restated)],
        setCursor: [(self) => onDay(self.cursor.idx ?? null)],
      },
    },
    [[], [], [], []],
  );
  readByKeyboard(target, chart);
  return {
    update({ days, dau, wau, mau, settled, restated }) {
      shown.running = settled.length - (settled.lastIndexOf(true) + 1);
      shown.restated = new Set(restated.map(dayToSeconds));
      chart.setData([days.map(dayToSeconds), mau, wau, dau]);
    },
    show: (name, visible) => chart.setSeries({ mau: 1, wau: 2, dau: 3 }[name], { show: visible }),
  };
}

/** Bars of signups with the activated in front; cohorts that still mature are pale. */
export function activationChart(target, format, onDay) {
  const bars = (name) => ({ fill: inColour(name), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.72, 42], radius: 0.18 }) });
  const shown = { restated: new Set() };
  const chart = drawChart(
    target,
    {
      tzDate: inUtc,
      padding: [10, 6, 0, 0],
      axes: dayAxes(format),
      scales: { x: withMargin(0.7), y: fromZero },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      series: [{}, bars("bar"), bars("bar-pale"), bars("accent"), bars("accent-pale")],
      hooks: {
        draw: [(self) => drawDiamonds(self, shown.restated)],
        setCursor: [(self) => onDay(self.cursor.idx ?? null)],
      },
    },
    [[], [], [], [], []],
  );
  readByKeyboard(target, chart);
  return ({ days, signups, activated, maturing, restated }) => {
    const only = (values, wanted) => values.map((value, index) => (maturing[index] === wanted ? value : null));
    shown.restated = new Set(restated.map(dayToSeconds));
    chart.setData([days.map(dayToSeconds), only(signups, false), only(signups, true), only(activated, false), only(activated, true)]);
  };
}

function shadeRunning(chart, running) {
  const days = chart.data[0];
  if (running === 0 || days.length === 0) return;
  const { left, top, width, height } = chart.bbox;
  const from = chart.valToPos(days[days.length - running] - DAY / 2, "x", true);
  chart.ctx.fillStyle = colour("sunk");
  chart.ctx.fillRect(Math.max(left, from), top, left + width - Math.max(left, from), height);
}

function drawDiamonds(chart, restated) {
  const size = 4 * devicePixelRatio;
  const { top, height } = chart.bbox;
  const y = top + height - 2.2 * size;
  chart.ctx.fillStyle = colour("warn");
  for (const seconds of chart.data[0].filter((each) => restated.has(each))) {
    const x = chart.valToPos(seconds, "x", true);
    chart.ctx.beginPath();
    chart.ctx.moveTo(x, y - size);
    chart.ctx.lineTo(x + size, y);
    chart.ctx.lineTo(x, y + size);
    chart.ctx.lineTo(x - size, y);
    chart.ctx.fill();
  }
}

const MOVES = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

export function readByKeyboard(target, chart) {
  const readout = target.parentElement.querySelector(".readout");
  target.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    const last = chart.data[0].length - 1;
    if (move === undefined || last < 0) return;
    event.preventDefault();
    readout?.setAttribute("aria-live", "polite");
    const index = Math.min(last, Math.max(0, (chart.cursor.idx ?? last) + move));
    chart.setCursor({ left: chart.valToPos(chart.data[0][index], "x"), top: 0 });
  });
  target.addEventListener("blur", () => {
    readout?.setAttribute("aria-live", "off");
    chart.setCursor({ left: -10, top: -10 });
  });
}
