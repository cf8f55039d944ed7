// Incidents of alerts: as a table, and as bands behind a metric's line.

import { alertValue, isAbsence, lasted, reasonWords, ruleLink } from "./alert_words.js";
import { context, say, texts } from "./context.js";
import { element } from "./elements.js";
import { smallNotice } from "./notices.js";
import { table } from "./tables.js";
import { instant, nameOf, NO_VALUE } from "./values.js";

const days = new Intl.DateTimeFormat("en-CA", { timeZone: context.timezone, year: "numeric", month: "2-digit", day: "2-digit" });
/** The workspace's day of an instant. */
const dayIn = (text) => days.format(new Date(text));

/** A table of incidents, the last first; `hasRule`: of several rules, which then stand first. */
export function incidentsTable(incidents, subject, hasRule = false) {
  if (!incidents.length) return smallNotice(texts.incidents_none, texts.incidents_none_hint);
  const heads = [texts.incident_began, ...(hasRule ? [texts.alert] : []), texts.incident_lasted, texts.incident_values, texts.incident_cause, texts.incident_told, texts.incident_taken];
  const rows = incidents.map((incident) => [
    instant(incident.started_at),
    ...(hasRule ? [element("span", {}, ruleLink(incident.rule, incident.alert), element("span", { class: "under" }, incident.condition))] : []),
    lasted(incident),
    valuesOf(incident, subject),
    incident.cause || NO_VALUE,
    toldOf(incident),
    incident.acknowledged ? element("span", {}, incident.acknowledged.by || texts.somebody, element("span", { class: "under" }, [instant(incident.acknowledged.at), incident.acknowledged.note].filter(Boolean).join(" · "))) : NO_VALUE,
  ]);
  const made = table(texts.incidents, heads, rows);
  made.firstChild.classList.add("left");
  return made;
}

/** Nobody has noted how far one that is open has gone since it began. */
function valuesOf(incident, subject) {
  if (incident.first_value === null) return NO_VALUE;
  const of = isAbsence(incident) ? { ...subject, unit: "seconds" } : subject;
  const [first, peak, last] = [incident.first_value, incident.peak_value, incident.last_value].map((value) => alertValue(value, of));
  if (!incident.ended_at) return `${first} → …`;
  return element("span", {}, element("b", {}, peak), element("span", { class: "under" }, `${first} → ${last}`));
}

/** Who heard of it, who could not be reached, and who was spared. */
function toldOf({ told, held }) {
  const receivers = (steps) => [...new Set(steps.map(({ receiver }) => receiver))];
  const arrived = told.filter(({ status }) => status === "delivered");
  // A dead letter that was sent again and arrived is no failure any more.
  const dead = told.filter((step) => step.status === "dead" && !arrived.some(({ receiver, message }) => receiver === step.receiver && message === step.message));
  const delivered = receivers(arrived);
  const lines = [
    ...receivers(dead).map((receiver) => element("span", { class: "under worse" }, say(texts.told_dead, { receiver }))),
    ...held.map((step) => element("span", { class: "under" }, [step.receiver, nameOf("step", step.status), reasonWords(step.detail)].filter(Boolean).join(" · "))),
  ];
  return element("span", {}, delivered.length ? delivered.join(", ") : texts.nobody_told, ...lines);
}

/** Which buckets of a line incidents touch: {from, to, name}, indexes included. */
export function bandsOf(incidents, points) {
  const at = (day) => points.findLastIndex((point) => point.bucket <= day);
  return incidents
    .map((incident) => ({ from: Math.max(0, at(dayIn(incident.started_at))), to: at(incident.ended_at ? dayIn(incident.ended_at) : context.today), name: incident.alert }))
    .filter(({ from, to }) => to >= from);
}
