// One function for each section of the board: data in, elements filled. No fetching here.

import { activationChart, activesChart, sparkline } from "./charts.js";
import { byId, element, setChildren, setText } from "./elements.js";

const SPARK_DAYS = 30;

/** A name of a closed list in the viewer's language. */
const nameOf = (texts, list, name) => texts[`${list}_${name.replaceAll(/[^a-z]+/g, "_")}`] ?? name;
const ruleName = (texts, rule) => nameOf(texts, "rule", rule);

/** The renderers by section name; each takes that section's data. */
export function createSections({ texts, metrics, funnels, steps }, format) {
  const charts = { actives: actives(texts, metrics, format), activation: activation(texts, format) };
  return {
    actives: charts.actives.render,
    activation: charts.activation.render,
    funnels: (data) => renderFunnels(data, { texts, funnels, steps, format }),
    events: eventStream(texts, format),
    quality: (data) => renderQuality(data, texts, format),
    changes(data) {
      renderChanges(data, texts, metrics, format);
      for (const [name, days] of Object.entries(data.restated)) charts[name].markRestated(days);
    },
    alerts: (data) => renderAlerts(data, texts, metrics, format),
  };
}

function actives(texts, metrics, format) {
  let latest = null;
  const readout = byId("actives-readout");
  let pointed = null;
  const describe = () => latest && setChildren(readout, ...dayFacts(latest, pointed ?? latest.days.length - 1));
  const chart = activesChart(byId("actives-chart"), format, (index) => {
    pointed = index;
    describe();
  });
  const cards = keyNumbers(texts, metrics, format);
  addLegend(chart, metrics, texts);

  function dayFacts(data, index) {
    const fact = (name, value) => element("span", {}, `${name} `, element("b", {}, value));
    return [
      element("span", {}, element("b", {}, format.longDay(data.days[index]))),
      fact("DAU", format.count(data.dau[index])),
      fact("WAU", format.count(data.wau[index])),
      fact("MAU", format.count(data.mau[index])),
      fact("DAU ÷ MAU", format.rate(data.stickiness[index])),
      ...marks(data, index).map((mark) => element("span", { class: "mark" }, mark)),
    ];
  }
  const marks = (data, index) => [
    ...(data.settled[index] ? [] : [texts.not_settled]),
    ...(data.restated.includes(data.days[index]) ? [`◆ ${texts.restated}`] : []),
  ];

  function render(data) {
    if (data.days.length === 0) return;
    latest = { restated: latest?.restated ?? [], ...data };
    cards(latest);
    show();
  }
  function show() {
    const data = latest;
    chart.update(data);
    describe();
    const rows = data.days.map((day, index) => [
      format.longDay(day),
      format.count(data.dau[index]),
      format.count(data.wau[index]),
      format.count(data.mau[index]),
      format.rate(data.stickiness[index]),
      marks(data, index).join(", "),
    ]);
    fillTable(byId("actives-table"), [texts.day, "DAU", "WAU", "MAU", "DAU ÷ MAU", ""], rows.reverse());
  }
  function markRestated(restated) {
    if (latest === null) return;
    latest = { ...latest, restated };
    show();
  }
  return { render, markRestated };
}

function addLegend(chart, metrics, texts) {
  const buttons = ["dau", "wau", "mau"].map((name) => {
    const button = element("button", { type: "button", "data-series": name, "aria-pressed": "true", title: metrics[name].definition }, name.toUpperCase());
    button.addEventListener("click", () => {
      const visible = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(visible));
      chart.show(name, visible);
    });
    return button;
  });
  setChildren(byId("actives-legend"), ...buttons, element("span", { class: "mark" }, `◆ ${texts.restated}`));
}

// What each key number is compared with: `at` days ago (1: the last whole day, where today's is still growing)
// with `back` days before that.
const COMPARISONS = {
  dau: { at: 1, back: 7, when: "so_far_today", versus: "versus_week", colour: "accent" },
  wau: { at: 0, back: 7, when: "rolling_week", versus: "versus_week", colour: "second" },
  mau: { at: 0, back: 30, when: "rolling_month", versus: "versus_month", colour: "third" },
  stickiness: { at: 1, back: 7, when: "so_far_today", versus: "versus_week", colour: "accent" },
};

function keyNumbers(texts, metrics, format) {
  const cards = Object.entries(COMPARISONS).map(([name, rule]) => {
    const parts = { value: element("p", { class: "value" }, "–"), delta: element("p", { class: "delta" }), spark: element("div", { class: "spark", "aria-hidden": "true" }) };
    const label = element("h2", { title: metrics[name].definition }, metrics[name].label);
    setChildren(byId(`kpi-${name}`), label, parts.value, element("p", { class: "when" }, texts[rule.when]), parts.delta, parts.spark);
    return { name, rule, ...parts, line: sparkline(parts.spark, rule.colour) };
  });
  const shown = (name, value) => (name === "stickiness" ? format.rate(value) : format.count(value));

  return (data) => {
    for (const { name, rule, value, delta, line } of cards) {
      const values = data[name];
      if (setText(value, shown(name, values.at(-1)))) bump(value);
      setChildren(delta, ...comparison(name, rule, values));
      const whole = values.length > rule.at ? values.slice(0, values.length - rule.at) : values;
      line(whole.slice(-SPARK_DAYS));
    }
  };

  function comparison(name, { at, back, versus }, values) {
    const current = values.at(-1 - at);
    const earlier = values.length > at + back ? values.at(-1 - at - back) : null;
    const head = at === 1 && current !== undefined ? [`${texts.yesterday} `, element("b", {}, shown(name, current)), " · "] : [];
    if (current === undefined || current === null || !earlier) return [...head, texts.no_comparison];
    const difference = name === "stickiness" ? current - earlier : current / earlier - 1;
    const text = name === "stickiness" ? format.points(difference) : format.change(difference);
    const good = metrics[name].direction === "down" ? difference < 0 : difference > 0;
    return [...head, element("span", { class: difference === 0 ? "" : good ? "up" : "down" }, text), ` ${texts[versus]}`];
  }
}

function bump(target) {
  target.classList.remove("bump");
  requestAnimationFrame(() => target.classList.add("bump"));
}

function activation(texts, format) {
  let latest = null;
  const readout = byId("activation-readout");
  const rate = (data, index) => (data.signups[index] ? data.activated[index] / data.signups[index] : null);
  const marks = (data, index) => [
    ...(data.maturing[index] ? [texts.maturing] : []),
    ...(data.restated.includes(data.days[index]) ? [`◆ ${texts.restated}`] : []),
  ];
  let pointed = null;
  const describe = () => {
    if (!latest) return;
    const index = pointed ?? latest.days.length - 1;
    const fact = (name, value) => element("span", {}, `${name} `, element("b", {}, value));
    setChildren(
      readout,
      element("span", {}, element("b", {}, format.longDay(latest.days[index]))),
      fact(texts.signups, format.count(latest.signups[index])),
      fact(texts.activated, format.count(latest.activated[index])),
      fact(texts.rate, format.rate(rate(latest, index))),
      ...marks(latest, index).map((mark) => element("span", { class: "mark" }, mark)),
    );
  };
  const update = activationChart(byId("activation-chart"), format, (index) => {
    pointed = index;
    describe();
  });

  function render(data) {
    latest = { restated: latest?.restated ?? [], ...data };
    show();
  }
  function show() {
    const data = latest;
    update(data);
    describe();
    setText(byId("mature-rate"), format.rate(data.mature_rate));
    const rows = data.days.map((day, index) => [
      format.longDay(day),
      format.count(data.signups[index]),
      format.count(data.activated[index]),
      format.rate(rate(data, index)),
      marks(data, index).join(", "),
    ]);
    fillTable(byId("activation-table"), [texts.day, texts.signups, texts.activated, texts.rate, ""], rows.reverse());
  }
  function markRestated(restated) {
    if (latest === null) return;
    latest = { ...latest, restated };
    show();
  }
  return { render, markRestated };
}

function fillTable(table, heads, rows) {
  const cells = (row) => row.map((cell, index) => element(index === 0 ? "th" : "td", index === 0 ? { scope: "row" } : {}, cell));
  setChildren(
    table,
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))),
  );
}

function renderFunnels({ funnels: reports }, { texts, funnels, steps, format }) {
  const stepRow = (funnel) => (step) => {
    const share = step.conversion_from_first;
    const fill = element("div", { class: "fill" });
    fill.style.width = `${(share ?? 0) * 100}%`;
    fill.hidden = !share;
    const facts = [`${format.count(step.entries)} ${texts.funnel_entries}`, `${format.count(step.persons)} ${texts.funnel_people}`];
    if (step.step > 1) {
      facts.push(`${format.rate(step.conversion_from_previous)} ${texts.funnel_from_previous}`);
      if (step.median_seconds_from_previous !== null) facts.push(`${texts.funnel_median} ${format.duration(step.median_seconds_from_previous)}`);
    }
    return element(
      "li",
      { class: "step" },
      element("span", { class: "label" }, steps[funnel]?.[step.step - 1] ?? step.name),
      element("span", { class: "share" }, format.rate(share)),
      element("div", { class: "track", "aria-hidden": "true" }, fill),
      element("span", { class: "facts" }, facts.join(" · ")),
    );
  };
  const cards = reports.map((report) =>
    element(
      "div",
      { class: "funnel" },
      element("h3", {}, element("b", {}, funnels[report.funnel] ?? report.funnel), ` · ${texts.funnel_range} ${format.duration(report.window_seconds)}`),
      element("ol", {}, ...report.steps.map(stepRow(report.funnel))),
      report.open_days ? element("p", { class: "open" }, `${format.count(report.open_days)} ${texts.funnel_open}`) : null,
    ),
  );
  setChildren(byId("funnels"), ...cards);
}

function eventStream(texts, format) {
  const list = byId("events");
  const button = byId("pause");
  let waiting = null;
  let known = null;

  button.addEventListener("click", () => {
    const paused = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(paused));
    setText(button, paused ? texts.resume : texts.pause);
    if (!paused && waiting) render(waiting);
  });

  const keyOf = (event) => `${event.message_id} ${event.at_ms}`;
  const line = (event) => {
    const fresh = known !== null && !known.has(keyOf(event)) ? " fresh" : "";
    const why = event.violations.map(({ rule, message }) => (message ? `${ruleName(texts, rule)}: ${message}` : ruleName(texts, rule))).join("; ");
    const verdict = texts[`verdict_${event.verdict}`] ?? event.verdict;
    return element(
      "li",
      { class: `${["flagged", "quarantined"].includes(event.verdict) ? event.verdict : "stored"}${fresh}` },
      element("span", { class: "sign", "aria-hidden": "true" }),
      element("span", { class: "name" }, event.name || event.type || texts.nameless),
      element("time", {}, format.time(event.at_ms)),
      element("span", { class: "who" }, element("span", { class: "verdict" }, verdict), ` · ${event.type} · ${event.person || texts.nobody}`),
      why ? element("span", { class: "why" }, why) : null,
    );
  };
  function render({ events }) {
    setChildren(list, ...events.map(line));
    known = new Set(events.map(keyOf));
    waiting = null;
  }

  return (data) => {
    if (button.getAttribute("aria-pressed") === "true") waiting = data;
    else render(data);
  };
}

function renderQuality(data, texts, format) {
  for (const name of ["lag_events", "accepted", "flagged", "quarantined", "late", "duplicates"]) {
    setText(byId(`q-${name}`), format.count(data[name]));
  }
  setText(byId("complete-through"), format.instant(data.complete_through_ms));
  const most = Math.max(1, ...data.reasons.map(({ count }) => count));
  const rows = data.reasons.map(({ rule, count }) => {
    const bar = element("i");
    bar.style.width = `${(count / most) * 100}%`;
    return element("li", {}, element("span", {}, ruleName(texts, rule)), element("b", {}, format.count(count)), element("span", { class: "thin", "aria-hidden": "true" }, bar));
  });
  fillRows(byId("reasons"), rows, texts.quarantine_empty);
}

function renderChanges({ changes }, texts, metrics, format) {
  const rows = changes.map(({ metric, day, before, after, reason, count, at_ms }) =>
    element(
      "li",
      {},
      element("span", {}, metrics[metric]?.label ?? metric),
      element("b", {}, `${format.count(before)} → ${format.count(after)}`),
      element("span", { class: "under" }, [format.longDay(day), nameOf(texts, "reason", reason), ...(count > 1 ? [`${format.count(count)} ${texts.changes_count}`] : []), format.instant(at_ms)].join(" · ")),
    ),
  );
  fillRows(byId("changes"), rows, texts.changes_empty);
}

function renderAlerts({ alerts }, texts, metrics, format) {
  const rows = alerts.map(({ rule, alert, metric, condition, state, value, annotations }) =>
    element(
      "li",
      {},
      element("span", {}, element("a", { href: `/alerts?${new URLSearchParams({ rule, lang: document.documentElement.lang })}` }, alert)),
      element("span", { class: "badge", "data-state": state }, texts[`state_${state}`] ?? state),
      element("span", { class: "under" }, `${metrics[metric]?.label ?? metric} ${condition} · ${typeof value === "number" && value % 1 ? format.rate(value) : format.count(value)}`),
      annotations?.summary && state === "firing" ? element("span", { class: "under" }, annotations.summary) : null,
    ),
  );
  fillRows(byId("alerts"), rows, texts.alerts_empty);
}

function fillRows(target, rows, nothing) {
  setChildren(target, rows.length ? element("ul", { class: "rows" }, ...rows) : element("p", { class: "nothing" }, nothing));
}
