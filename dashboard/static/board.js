// Starts the board: loads everything once, then keeps it alive by server-sent events.

import { createFormat } from "./format.js";
import { createSections } from "./sections.js";
import { byId, setText } from "./elements.js";

const RETRY_MS = 2000;
const SILENCE_MS = 40_000;
const BEHIND_SECONDS = 10;

const language = document.documentElement.lang;
const state = { connection: "connecting", available: true, behind: 0, events: 0, days: 0 };
let texts = null;
let sections = null;

function showState() {
  const { connection, available, behind } = state;
  const live = connection === "live" && available;
  const pulse = !live ? (connection === "connecting" ? "connecting" : "offline") : behind > BEHIND_SECONDS ? "catching_up" : "live";
  byId("pulse").dataset.state = pulse;
  setText(byId("pulse-word"), texts[pulse]);
  document.body.dataset.state = state.events === 0 && state.days === 0 ? "empty" : "ready";
  byId("empty").hidden = document.body.dataset.state !== "empty";
  document.body.dataset.connection = connection === "offline" || !available ? "stale" : "fresh";
  showBanner(connection === "offline" ? texts.banner_offline : available ? "" : texts.banner_unavailable);
}

function showBanner(message) {
  const banner = byId("banner");
  banner.hidden = message === "";
  setText(banner, message);
}

function render(name, data) {
  if (name === "quality") {
    state.behind = data.behind_seconds;
    state.events = data.accepted + data.quarantined;
  }
  if (name === "actives") state.days = data.days.length;
  showState();
  sections[name]?.(data);
}

function listen() {
  const source = new EventSource("/live/stream");
  let silence = 0;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(again, SILENCE_MS);
    if (state.connection !== "live") {
      state.connection = "live";
      showState();
    }
  };
  function again() {
    clearTimeout(silence);
    source.close();
    state.connection = "offline";
    showState();
    setTimeout(comeBack, RETRY_MS);
  }
  for (const name of Object.keys(sections)) {
    source.addEventListener(name, (event) => {
      heard();
      render(name, JSON.parse(event.data));
    });
  }
  source.addEventListener("status", (event) => {
    state.available = JSON.parse(event.data).available;
    heard();
    showState();
  });
  source.addEventListener("beat", heard);
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) again();
    else {
      state.connection = "offline";
      showState();
    }
  });
}

/** After a refused stream: sign in again, or go on where it stopped. */
async function comeBack() {
  const answer = await load();
  if (answer === "signed out") showBanner(texts.banner_signed_out);
  else if (answer === null) setTimeout(comeBack, RETRY_MS);
  else listen();
}

/** The whole board's data; null when it cannot be had now. */
async function load() {
  try {
    const answer = await fetch(`/live/data?lang=${language}`, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 403) return "signed out";
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

async function start() {
  const data = await load();
  if (data === "signed out") return location.reload();
  if (data === null) {
    showBanner(document.body.dataset.failed);
    return setTimeout(start, RETRY_MS);
  }
  texts = data.workspace.texts;
  const command = `curl ${location.origin}/v1/track -u "$WRITE_KEY:" \\\n  -H "Content-Type: application/json" \\\n  -d '{"userId": "ana", "event": "Project Created"}'`;
  setText(byId("empty-command"), command);
  sections = createSections(data.workspace, createFormat(data.workspace));
  state.events = data.quality.accepted + data.quality.quarantined;
  state.days = data.actives.days.length;
  for (const name of Object.keys(sections)) render(name, data[name]);
  listen();
}

start();
