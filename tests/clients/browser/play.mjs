// node play.mjs CHROMIUM
// Plays in one Chromium what stdin says, a JSON value a line, and answers each with a line of JSON:
//   a list of acts    plays them in pages of a new profile; answers {} once they are done, or {"error": text}
//   null              closes that profile; answers what its pages requested, what they posted, and what went
//                     wrong in them. "posted" is noted within pages of scripts, also while they close, which
//                     the browser does not report: [url, body, whether the browser was online], in order
// The acts:
//   {"open": script}      bundle a script, and open it in a new page; all scripts have the same origin
//   {"visit": url}        open a URL in a new page
//   {"run": expression}   evaluate it in the page, and wait for its promise
//   {"click": selector}   click
//   {"offline": boolean}  the browser's own switch
//   {"idle": true}        wait until the network is quiet
//   {"until": [event, path, count]}  wait until so many requests of that path had a "response", or "requestfailed"
//   {"close": true}       close the page; what it sends as it closes goes out before the profile is closed
import { build } from "esbuild";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const scripts = [];
const server = createServer((request, answer) => {
  const number = Number(/^\/(\d+)\.js$/.exec(request.url)?.[1] ?? -1);
  answer.setHeader("content-type", number < 0 ? "text/html" : "text/javascript");
  const page = request.url.slice(1);
  answer.end(number < 0 ? `<!doctype html><title>Shop</title><script src=/${page}.js></script>` : scripts[number]);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const POSTED = "posted by the page";
function note(kept) {
  const text = (body) => {
    if (!(body instanceof Blob)) return typeof body === "string" ? body : new TextDecoder().decode(body);
    const reading = new XMLHttpRequest();
    reading.open("GET", URL.createObjectURL(body), false);
    reading.send();
    return reading.responseText;
  };
  const keep = (url, body) => {
    const posted = JSON.parse(localStorage[kept] ?? "[]");
    posted.push([new URL(url, location).href, text(body ?? ""), navigator.onLine]);
    localStorage[kept] = JSON.stringify(posted);
  };
  const { fetch, XMLHttpRequest: Request } = window;
  window.fetch = (target, init) => {
    if (/^post$/i.test(init?.method)) keep(target, init.body);
    return fetch(target, init);
  };
  const { open, send } = Request.prototype;
  const opened = new WeakMap();
  Request.prototype.open = function (...given) {
    opened.set(this, given);
    return open.apply(this, given);
  };
  Request.prototype.send = function (body) {
    const [method, url] = opened.get(this);
    if (/^post$/i.test(method)) keep(url, body);
    return send.call(this, body);
  };
  const beacon = navigator.sendBeacon.bind(navigator);
  navigator.sendBeacon = (url, body) => {
    keep(url, body);
    return beacon(url, body);
  };
}

const quiet = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"];
const args = [...quiet, "disable-component-update", "disable-sync"].map((flag) => `--${flag}`);
const browser = await chromium.launch({ executablePath: process.argv[2], args });

class Profile {
  requests = [];
  errors = [];
  seen = { response: [], requestfailed: [] };
  look = () => {};

  async start() {
    this.context = await browser.newContext();
    await this.context.addInitScript(note, POSTED);
    this.context.on("request", (request) => {
      if (request.url().startsWith(origin)) return;
      const body = request.postDataBuffer()?.toString("base64") ?? "";
      this.requests.push([request.method(), request.url(), body]);
    });
    for (const [event, list] of Object.entries(this.seen)) {
      this.context.on(event, (about) => {
        list.push(new URL(about.url()).pathname);
        this.look();
      });
    }
  }

  async end() {
    const page = await this.context.newPage();
    await page.goto(`${origin}/posted`);
    const posted = await page.evaluate((kept) => JSON.parse(localStorage[kept] ?? "[]"), POSTED);
    await this.context.close();
    return { requests: this.requests, posted, errors: this.errors };
  }

  async play([name, value]) {
    if (!Object.hasOwn(Profile.acts, name)) throw new Error(`there is no act ${name}`);
    await Profile.acts[name].call(this, value);
  }

  static acts = {
    async open(contents) {
      const stdin = { contents, resolveDir: import.meta.dirname };
      const define = { "process.env.NODE_ENV": '"production"' };
      const made = await build({ stdin, bundle: true, write: false, define });
      scripts.push(made.outputFiles[0].text);
      await Profile.acts.visit.call(this, `${origin}/${scripts.length - 1}`);
    },
    async visit(url) {
      this.page = await this.context.newPage();
      this.page.on("pageerror", (error) => this.errors.push(error.message));
      this.page.on("console", (message) => message.type() === "error" && this.errors.push(message.text()));
      await this.page.goto(url);
    },
    run(expression) {
      return this.page.evaluate(expression);
    },
    click(selector) {
      return this.page.click(selector);
    },
    offline(is) {
      return this.context.setOffline(is);
    },
    idle() {
      return this.page.waitForLoadState("networkidle");
    },
    until([event, path, count]) {
      return new Promise((enough) => {
        this.look = () => this.seen[event].filter((one) => one === path).length >= count && enough();
        this.look();
      });
    },
    close() {
      return this.page.close();
    },
  };
}

let profile;
async function answer(acts) {
  if (acts === null) {
    return profile.end();
  }
  profile = new Profile();
  await profile.start();
  try {
    for (const act of acts) await profile.play(Object.entries(act)[0]);
  } catch (error) {
    await profile.context.close();
    return { error: error.stack };
  }
  return {};
}
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
await browser.close();
server.close();
