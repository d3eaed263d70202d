// node play.mjs CHROMIUM ACTS
// Plays the acts (a JSON list) in pages of one browser profile, prints a line, and keeps the browser open until stdin
// ends. Then it prints what the pages requested and what went wrong in them, as a line of JSON.
//   {"open": script}      bundle a script, and open it in a new page; all scripts have the same origin
//   {"visit": url}        open a URL in a new page
//   {"run": expression}   evaluate it in the page, and wait for its promise
//   {"click": selector}   click
//   {"offline": boolean}  the browser's own switch
//   {"idle": true}        wait until the network is quiet
//   {"close": true}       close the page
import { build } from "esbuild";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const [executablePath, acts] = process.argv.slice(2);
const scripts = [];
const server = createServer((request, answer) => {
  const number = Number(/^\/(\d+)\.js$/.exec(request.url)?.[1] ?? -1);
  answer.setHeader("content-type", number < 0 ? "text/html" : "text/javascript");
  const page = request.url.slice(1);
  answer.end(number < 0 ? `<!doctype html><title>Shop</title><script src=/${page}.js></script>` : scripts[number]);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const quiet = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"];
const args = [...quiet, "disable-component-update", "disable-sync"].map((flag) => `--${flag}`);
const browser = await chromium.launch({ executablePath, args });
const context = await browser.newContext();
const requests = [];
const errors = [];
context.on("request", (request) =>
  requests.push([request.method(), request.url(), request.postDataBuffer()?.toString("base64") ?? ""]),
);
let page;
async function open(url) {
  page = await context.newPage();
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(url);
}
const play = {
  open: async (contents) => {
    const stdin = { contents, resolveDir: import.meta.dirname };
    const define = { "process.env.NODE_ENV": '"production"' };
    const made = await build({ stdin, bundle: true, write: false, define });
    scripts.push(made.outputFiles[0].text);
    await open(`${origin}/${scripts.length - 1}`);
  },
  visit: open,
  run: (expression) => page.evaluate(expression),
  click: (selector) => page.click(selector),
  offline: (is) => context.setOffline(is),
  idle: () => page.waitForLoadState("networkidle"),
  close: () => page.close(),
};
for (const act of JSON.parse(acts)) {
  const [[name, value]] = Object.entries(act);
  await play[name](value);
}
console.log("played");
for await (const _ of process.stdin) {
  // the end of stdin is the end of the browser
}
await browser.close();
server.close();
console.log(JSON.stringify({ requests: requests.filter(([, url]) => !url.startsWith(origin)), errors }));
