// segtap in tests of Playwright, Cypress and Vitest: one file without dependencies, for Node 18 and later.
//
//   segtap snippet playwright > segtap.mjs
//   MIXPANEL_TOKEN=any segtap forward --dry-run --ephemeral --test-token-env SEGTAP_TEST_TOKEN
//
// In Cypress it runs in tasks (cypress.config), not in the page: segtap refuses pages of other origins.

/**
 * @typedef {object} Finding
 * @property {string} rule
 * @property {"error"|"warning"|"info"} severity
 * @property {string} path
 * @property {string} message
 * @property {string} fix
 */

/**
 * A message that was received, and what becomes of it.
 * @typedef {object} Match
 * @property {any} message As Segment would hand it on; null for a request that was refused.
 * @property {any[]} requests The requests to Mixpanel.
 * @property {Finding[]} warnings
 * @property {{stage: string, path: string, why: string}|null} not_sent
 * @property {string} delivery
 */

/**
 * @typedef {object} Answer
 * @property {Match[]} messages
 * @property {{messageId: string, failed: string}[]} near
 * @property {number} [matched]
 */

/**
 * @typedef {object} Wanted
 * @property {string} [type] `track` if an event is given, else any.
 * @property {string} [user]
 * @property {Record<string, any>} [properties] A message has to hold these, and may hold more.
 * @property {Record<string, any>} [traits]
 * @property {Record<string, any>} [context]
 * @property {string} [filter] A further condition, see `segtap help filter`.
 * @property {number} [count] How many messages at least; 1 if it is left out.
 * @property {boolean} [exact] No more than `count`.
 * @property {number} [within] Seconds to wait; 5 if it is left out.
 */

/** The messages that segtap received since the last reset. */
export class Segtap {
  /**
   * @param {{url?: string, token?: string}} [where] By default the variables SEGTAP_URL and SEGTAP_TEST_TOKEN.
   */
  constructor({ url, token } = {}) {
    this.url = (url ?? process.env.SEGTAP_URL ?? "http://127.0.0.1:8765").replace(/\/$/, "");
    this.token = token ?? process.env.SEGTAP_TEST_TOKEN ?? "";
    this.writeKey = "segtap-tests";
  }

  /** Let only messages count that are received from now on. */
  async reset() {
    await this.#ask("POST", "reset", {});
  }

  /**
   * Return the messages that match a filter.
   * @param {string} [filter]
   * @returns {Promise<Match[]>}
   */
  async messages(filter = "") {
    const answer = (await this.#ask("GET", `messages?filter=${encodeURIComponent(filter)}`)).answer;
    if (answer.matched) throw new Error(`${answer.matched} messages match: narrow the filter.`);
    return answer.messages;
  }

  /**
   * Wait for messages, and return them. Rejects with what the nearest message has instead.
   * @param {string|null} event The event of a track call, or the name of a page or screen with that `type`.
   * @param {Wanted} [wanted]
   * @returns {Promise<Match[]>}
   */
  async expect(event, wanted = {}) {
    const { count = 1, exact = false, within = 5 } = wanted;
    const { tree, filter } = conditions(event, wanted);
    const ends = Date.now() + within * 1000;
    for (let asked = count; ; ) {
      const timeout = Math.max(0, (ends - Date.now()) / 1000);
      const body = { filter, count: asked, exact: exact && asked === count, timeout };
      const { met, answer } = await this.#ask("POST", "expect", body);
      const kept = answer.messages.filter((one) => one.message && differences([], tree, one.message).length === 0);
      const others = answer.messages.length - kept.length;
      const total = (answer.matched ?? answer.messages.length) - others;
      const enough = exact ? total > count : total >= count;
      if (enough || !others || (!met && asked !== count)) {
        if (exact ? total === count : total >= count) return kept;
        throw new Error(await this.#why(tree, answer, kept, total, count, exact));
      }
      // What a filter cannot tell (whole lists, null) is compared here: wait for more.
      asked = exact ? 1_000_000_000 : answer.messages.length + 1;
    }
  }

  /**
   * Check that no such message is there, nor comes within so many seconds.
   * @param {string|null} event
   * @param {Wanted} [wanted]
   */
  async expectNone(event, wanted = {}) {
    await this.expect(event, { within: 0, ...wanted, count: 0, exact: true });
  }

  /**
   * Check that no message has an error, and that no request was refused.
   * @param {string} [filter] Only messages that match are looked at.
   */
  async noErrors(filter = "") {
    const errors = "warn:error or is:refused";
    const found = await this.messages(filter ? `(${errors}) (${filter})` : errors);
    if (!found.length) return;
    const lines = found.flatMap((one) => [
      `  ${title(one)}`,
      ...(one.message ? [] : [`    ${one.not_sent?.why}`]),
      ...one.warnings
        .filter((finding) => finding.severity === "error")
        .map((finding) => `    ${finding.rule} at ${finding.path}: ${finding.message}`),
    ]);
    throw new Error([`${found.length} with errors`, ...lines].join("\n"));
  }

  async #why(tree, answer, kept, total, count, exact) {
    const lines = [
      exact && total > count ? `${total} match, exactly ${count} expected` : `${total} of ${count} expected`,
      ...answer.near.slice(0, 3).map((near) => `  ${near.messageId}: ${near.failed}`),
    ];
    const near = answer.messages.find((one) => !kept.includes(one)) ?? (await this.#message(answer.near[0]?.messageId));
    if (near && total < count) {
      lines.push("", `nearest: ${title(near)}`);
      for (const [path, wanted, found] of differences([], tree, near.message ?? {})) {
        const name = path.join(".");
        lines.push(`  - ${name}: ${JSON.stringify(wanted)}`);
        lines.push(found === undefined ? "  + (missing)" : `  + ${name}: ${JSON.stringify(found)}`);
      }
    }
    const { answer: all } = await this.#ask("GET", "messages");
    lines.push("", `received: ${(all.matched ?? all.messages.length) || "nothing"}`);
    lines.push(...all.messages.slice(0, 20).map((one) => `  ${title(one)}`));
    return lines.join("\n");
  }

  async #message(id) {
    return id === undefined ? undefined : (await this.messages(`messageId=${JSON.stringify(id)}`))[0];
  }

  async #ask(method, path, body) {
    const answer = await fetch(`${this.url}/_segtap/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    }).catch((error) => {
      throw new Error(`no segtap answers at ${this.url}: ${error.cause?.code ?? error.cause ?? error.message}`);
    });
    const value = await answer.json().catch(() => null);
    if (value === null) throw new Error(`what answers at ${this.url} is not a segtap`);
    if (answer.status !== 200 && answer.status !== 408) {
      throw new Error(`segtap answered ${answer.status}: ${value?.error?.message ?? ""}`);
    }
    return { met: answer.status === 200, answer: /** @type {Answer} */ (value) };
  }
}

const NAMED = { track: "event", page: "name", screen: "name" };

/** Return what a message has to hold, and the filter that asks for it. */
function conditions(event, { type, user, properties, traits, context, filter = "", count, exact, within, ...others }) {
  // A misspelled name would leave its condition out, and the test would pass.
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new Error(`expect has no option ${unknown}`);
  if (event != null) type ??= "track";
  if (event != null && !NAMED[type]) throw new Error(`${type} calls have no event`);
  const tree = {
    ...(type && { type }),
    ...(event != null && { [NAMED[type]]: event }),
    ...(user !== undefined && { userId: user }),
    ...(properties && { properties }),
    ...(traits && { traits }),
    ...(context && { context }),
  };
  const { type: _, ...rest } = tree;
  const found = [...(type ? [`type:${type}`] : []), ...terms([], rest), ...(filter ? [`(${filter})`] : [])];
  return { tree, filter: found.join(" ") };
}

/** Return the terms that a message with this value matches; some other messages may match them, too. */
function terms(path, value) {
  const name = path.map((step) => (/^[\w$-]+$/.test(step) ? step : quoted(step))).join(".");
  if (value && typeof value === "object" && !Array.isArray(value)) {
    const inner = Object.entries(value).flatMap(([step, one]) => terms([...path, step], one));
    return inner.length || !path.length ? inner : [`${name}?`];
  }
  const values = (Array.isArray(value) ? value : [value]).filter(
    (one) => ["string", "boolean"].includes(typeof one) || Number.isFinite(one),
  );
  return values.length ? values.map((one) => `${name}=${typeof one === "string" ? quoted(one) : one}`) : [`${name}?`];
}

function quoted(text) {
  return `"${text.replace(/[\\"*]/g, "\\$&")}"`;
}

/** Return [path, wanted, found] for each value that a message does not have. */
function differences(path, wanted, found) {
  const object = (value) => value && typeof value === "object" && !Array.isArray(value);
  if (object(wanted) && object(found)) {
    return Object.entries(wanted).flatMap(([step, one]) => differences([...path, step], one, found[step]));
  }
  return same(wanted, found) ? [] : [[path, wanted, found]];
}

function same(one, other) {
  if (one === null || other === null || typeof one !== "object" || typeof other !== "object") return one === other;
  const names = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    names.length === Object.keys(other).length &&
    names.every((name) => same(one[name], other[name]))
  );
}

function title({ message }) {
  if (!message) return "refused request";
  const name = message[NAMED[message.type]] ?? message.userId ?? "";
  return `${message.type} ${JSON.stringify(name)} (${message.messageId})`;
}
