// Small lines without axes, as SVG: they print, and need no canvas. What they show is said in words beside them.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 40;
const MARGIN = 3;

function shape(tag, attributes) {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A line of `trend` ({bucket, value, maturing}); what runs or matures is dashed. Null for fewer than two values. */
export function sparkLine(trend, isRunning) {
  const known = (trend ?? []).map(({ value }, index) => [index, value]).filter(([, value]) => value !== null && value !== undefined);
  if (known.length < 2) return null;
  const values = known.map(([, value]) => Number(value));
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const last = trend.length - 1;
  const points = known.map(([index, value]) => [
    MARGIN + (index / last) * (WIDTH - 2 * MARGIN),
    HEIGHT - MARGIN - ((Number(value) - low) / span) * (HEIGHT - 2 * MARGIN),
  ]);
  const path = (part) => part.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const maturing = known.findIndex(([index]) => trend[index].maturing);
  const open = maturing >= 0 ? maturing : isRunning ? points.length - 1 : points.length;
  const whole = points.slice(0, Math.max(1, open));
  const area = `${path(points)}L${points.at(-1)[0].toFixed(1)} ${HEIGHT}L${points[0][0].toFixed(1)} ${HEIGHT}Z`;
  const drawing = shape("svg", { class: "spark-line", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  drawing.append(shape("path", { class: "area", d: area }), shape("path", { d: path(whole) }));
  if (open < points.length) drawing.append(shape("path", { class: "running", d: path(points.slice(Math.max(0, open - 1))) }));
  return drawing;
}
