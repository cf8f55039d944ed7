// Asks the read API for a page. An answer that has not changed is not sent again; a problem has a sentence.

import { context, texts } from "./context.js";

const known = new Map();

/** Why there is no answer. `isAway`: worth asking again by itself. */
export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
  get isAway() {
    return this.status === 0 || this.status >= 500;
  }
}

export function addressOf(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== "" && value !== null && value !== undefined) query.set(name, value);
  }
  const text = query.toString();
  return `/view/${path}${text ? `?${text}` : ""}`;
}

/** The answer of a GET. Raises a Problem. */
export async function read(path, parameters = {}) {
  const address = addressOf(path, parameters);
  const before = known.get(address);
  const headers = { Accept: "application/json", ...(before?.etag ? { "If-None-Match": before.etag } : {}) };
  const answer = await asked(address, { headers });
  if (answer.status === 304 && before) return before.data;
  const data = await contentOf(answer);
  known.set(address, { etag: answer.headers.get("ETag"), data });
  return data;
}

/** A part of a page that the server has written, words escaped: elements to be put in. Raises a Problem. */
export async function readPart(address) {
  const answer = await asked(address, {});
  if (!answer.ok) await contentOf(answer);
  return new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
}

/** The whole list of that name, however many pages it has. Raises a Problem. */
export async function readList(path, name) {
  const found = [];
  let offset = "";
  do {
    const answer = await read(path, { offset });
    found.push(...answer[name]);
    offset = answer.next ?? null;
  } while (offset !== null);
  return found;
}

/** Sends something people wrote. Raises a Problem. */
export async function write(path, content, method = "POST", parameters = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  return contentOf(await asked(addressOf(path, parameters), { method, headers, body: JSON.stringify(content) }));
}

async function asked(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    throw new Problem(0, texts.problem_offline);
  }
}

async function contentOf(answer) {
  const content = await answer.json().catch(() => null);
  if (answer.ok) return content;
  if (answer.status === 401) throw new Problem(401, texts.banner_signed_out);
  if (answer.status >= 500) throw new Problem(answer.status, texts.problem_away);
  throw new Problem(answer.status, content?.message ?? texts.problem_unknown);
}

export const { language } = context;
