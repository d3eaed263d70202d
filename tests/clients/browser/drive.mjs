// node drive.mjs CHROMIUM SCRIPT
// Bundles the script, opens it in a page of its own origin, and waits for its `window.done` and until the network
// is quiet. Prints the page's requests and whatever went wrong in it.
import { build } from "esbuild";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const [executablePath, script] = process.argv.slice(2);
const bundled = await build({
  stdin: { contents: script, resolveDir: import.meta.dirname },
  bundle: true,
  write: false,
  define: { "process.env.NODE_ENV": '"production"' },
});
const server = createServer((request, answer) => {
  const isScript = request.url === "/page.js";
  answer.setHeader("content-type", isScript ? "text/javascript" : "text/html");
  answer.end(isScript ? bundled.outputFiles[0].text : "<!doctype html><title>Shop</title><script src=/page.js></script>");
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const quiet = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"];
const args = [...quiet, "disable-component-update", "disable-sync"].map((flag) => `--${flag}`);
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage();
const requests = [];
const errors = [];
page.on("request", (request) => requests.push([request.method(), request.url()]));
page.on("pageerror", (error) => errors.push(error.message));
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
await page.goto(`${origin}/`);
await page.evaluate(() => window.done);
await page.waitForLoadState("networkidle");
await browser.close();
server.close();
console.log(JSON.stringify({ requests: requests.filter(([, url]) => !url.startsWith(origin)), errors }));
