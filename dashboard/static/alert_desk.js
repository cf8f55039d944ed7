// What people do to alerts: silence and end silences, acknowledge, test receivers, send dead letters again.

import { matcherWords } from "./alert_words.js";
import { context, say, texts } from "./context.js";
import { write } from "./data.js";
import { element } from "./elements.js";
import { announce, smallNotice } from "./notices.js";
import { table } from "./tables.js";
import { instant, nameOf, NO_VALUE } from "./values.js";

const SPANS = [
  ["1h", { duration_seconds: 3600 }],
  ["4h", { duration_seconds: 14_400 }],
  ["tomorrow", { until: "tomorrow" }],
  ["custom", null],
];
const field = (name, input) => element("label", { class: "field" }, name, input);

/** A button that does something on the server, says so, and says what went wrong beside itself. */
function doing(text, name, done, act, changed) {
  const button = element("button", { type: "button", class: "button no-print", "data-focus": name, "aria-label": name }, text);
  const wrong = element("span", { class: "worse", role: "alert" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    wrong.textContent = "";
    try {
      await act();
      announce(done);
      changed();
    } catch (problem) {
      wrong.textContent = problem.message;
    } finally {
      button.disabled = false;
    }
  });
  return element("span", {}, button, wrong);
}

const head = (title, hint) => element("div", { class: "head" }, element("div", {}, element("h2", {}, title), hint ? element("p", { class: "hint" }, hint) : null));

/** Silences with a button that ends each. */
export function silencesTable(silences, changed) {
  if (!silences.length) return [head(texts.silences), smallNotice(texts.silences_none, texts.silences_none_hint)];
  const rows = silences.map((silence) => {
    const words = matcherWords(silence.matchers);
    const end = doing(texts.silence_end, say(texts.silence_end_of, { what: words }), texts.silence_ended, () => write(`alerts/silences/${silence.id}`, {}, "DELETE"), changed);
    return [words, silence.active ? texts.silence_active : say(texts.silence_from, { time: instant(silence.starts_at) }), instant(silence.ends_at), silence.author || NO_VALUE, silence.reason || NO_VALUE, end];
  });
  const made = table(texts.silences, [texts.silence_what, texts.alert_state, texts.silence_until, texts.silence_by, texts.silence_reason, texts.actions], rows);
  made.firstChild.classList.add("left");
  return [head(texts.silences), made];
}

/** Receivers with what is owed to them, what came of the last message, and a test. */
export function receiversTable({ receivers, messages }, changed) {
  if (!receivers.length) return [head(texts.receivers), smallNotice(texts.receivers_none, texts.receivers_none_hint)];
  const rows = receivers.map((receiver) => {
    const test = receiver.kind === "removed" ? "" : doing(texts.receiver_test, say(texts.receiver_test_of, { receiver: receiver.name }), texts.receiver_test_asked, () => write(`alerts/receivers/${encodeURIComponent(receiver.name)}/test`, {}), changed);
    return [receiver.name, nameOf("receiver", receiver.kind), String(receiver.pending), receiver.dead ? element("b", { class: "worse" }, String(receiver.dead)) : "0", instant(receiver.last_delivered_at), receiver.last_failure ? failureWords(receiver.last_failure) : NO_VALUE, element("span", {}, test, lastTest(receiver.name, messages))];
  });
  const made = table(texts.receivers, [texts.receiver, texts.receiver_kind, texts.receiver_pending, texts.receiver_dead, texts.receiver_last, texts.receiver_failure, texts.actions], rows);
  made.firstChild.classList.add("left");
  return [head(texts.receivers), made];
}

const failureWords = (failure) => (typeof failure === "string" ? failure : [failure.detail, failure.at ? instant(failure.at) : ""].filter(Boolean).join(" · "));

function lastTest(name, messages) {
  const tests = messages.filter(({ type, receiver }) => type === "alert.test" && receiver === name);
  const latest = tests.toSorted((one, other) => one.created_at.localeCompare(other.created_at)).at(-1);
  if (!latest) return "";
  return element("span", { class: "under" }, say(texts.last_test, { time: instant(latest.created_at), status: nameOf("message", latest.status), detail: latest.status === "delivered" ? "" : latest.detail }));
}

/** What could not be delivered, each with a button that sends it again; below, what was owed of late. */
export function deadLetters(messages, changed) {
  const dead = messages.filter(({ status }) => status === "dead");
  const parts = [head(texts.dead_letters, texts.dead_letters_hint)];
  if (dead.length) parts.push(messageTable(texts.dead_letters, dead, (message) => resendButton(message, changed)));
  else parts.push(smallNotice(texts.dead_letters_none, texts.dead_letters_none_hint));
  const others = messages.filter(({ status }) => status !== "dead");
  if (others.length) parts.push(element("details", {}, element("summary", {}, say(texts.messages_others, { number: String(others.length) })), messageTable(texts.messages, others, ({ status }) => nameOf("message", status))));
  return parts;
}

function resendButton({ webhook_id: id, receiver, alert }, changed) {
  const path = `alerts/messages/${encodeURIComponent(id)}/resend`;
  return doing(texts.resend, say(texts.resend_of, { what: alert || id, receiver }), texts.resend_asked, () => write(path, {}, "POST", { receiver }), changed);
}

function messageTable(caption, messages, last) {
  const rows = messages.map((message) => [message.alert || nameOf("message_type", message.type.replace("alert.", "")), nameOf("message_type", message.type.replace("alert.", "")), message.receiver, instant(message.created_at), String(message.attempts), message.detail || NO_VALUE, last(message)]);
  const made = table(caption, [texts.alert, texts.message, texts.receiver, texts.message_made, texts.message_attempts, texts.message_answer, texts.actions], rows);
  made.firstChild.classList.add("left");
  return made;
}

/** The form by which somebody takes an open incident in hand. */
export function acknowledgeForm({ alert_id: id }, changed) {
  const author = element("input", { type: "text", name: "author", maxlength: "100", autocomplete: "name" });
  const note = element("input", { type: "text", name: "note", maxlength: "500" });
  const fields = [element("div", { class: "stretch" }, field(texts.acknowledge_note, note)), field(texts.annotation_author, author), element("button", { class: "button primary" }, texts.acknowledge)];
  const given = () => write(`alerts/incidents/${encodeURIComponent(id)}/acknowledge`, { author: author.value, note: note.value });
  return sending({ class: "note-form no-print", id: "acknowledge-form", "aria-label": texts.acknowledge }, fields, given, texts.acknowledge_done, changed);
}

/** A form that sends what was filled in, and says what became of it. */
function sending(properties, fields, send, done, changed) {
  const wrong = element("p", { class: "worse", role: "alert" });
  const made = element("form", properties, ...fields, wrong);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    try {
      await send();
      announce(done);
      changed();
    } catch (problem) {
      wrong.textContent = problem.message;
    }
  });
  return made;
}

/** The form that silences a rule; `changed` is called when it did. */
export function silenceForm(rule, changed) {
  const span = element("select", { name: "span" }, ...SPANS.map(([name]) => element("option", { value: name }, texts[`span_${name}`])));
  const end = element("input", { type: "datetime-local", name: "ends_at" });
  const custom = field(say(texts.silence_ends_at, { timezone: context.timezone }), end);
  const reason = element("input", { type: "text", name: "reason", maxlength: "500" });
  const author = element("input", { type: "text", name: "author", maxlength: "100", autocomplete: "name" });
  const showCustom = () => {
    custom.hidden = span.value !== "custom";
    end.required = !custom.hidden;
  };
  span.addEventListener("change", showCustom);
  showCustom();
  const matchers = [
    { name: "group", value: rule.group },
    { name: "alert", value: rule.alert },
  ];
  const made = () => write("alerts/silences", { matchers, ...(Object.fromEntries(SPANS)[span.value] ?? { ends_at: end.value }), reason: reason.value, author: author.value });
  const fields = [field(texts.silence_for, span), custom, element("div", { class: "stretch" }, field(texts.silence_reason, reason)), field(texts.annotation_author, author), element("button", { class: "button primary" }, texts.silence)];
  return sending({ class: "note-form no-print", id: "silence-form", "aria-label": texts.silence_this }, fields, made, texts.silence_made, changed);
}
