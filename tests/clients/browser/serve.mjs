// node serve.mjs CHROMIUM URL
// Opens segtap's screen in Chromium, filters, copies and replays; writes what was seen as JSON.
import { chromium } from "playwright-core";

const [executablePath, url] = process.argv.slice(2);
const quiet = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"];
const args = [...quiet, "disable-component-update", "disable-sync"].map((flag) => `--${flag}`);
const browser = await chromium.launch({ executablePath, args });
const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(url).origin });
const seen = { requests: [], errors: [], failed: [] };
context.on("request", (request) => seen.requests.push(request.url()));
context.on("requestfailed", (request) => seen.failed.push(request.url()));

let drawn = "";
let ending = false; // textual.js then complains that its socket is closed
let look = () => {};
const page = await context.newPage();
page.on("console", (message) => !ending && message.type() === "error" && seen.errors.push(message.text()));
page.on("pageerror", (error) => seen.errors.push(error.message));
page.on("websocket", (socket) => {
  seen.requests.push(socket.url());
  socket.on("framereceived", ({ payload }) => {
    drawn += payload.toString().replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07)/g, "");
    look();
  });
});
async function until(text, since = 0) {
  const done = new Promise((resolve) => {
    look = () => drawn.slice(since).includes(text) && resolve();
    look();
  });
  const late = new Promise((_, reject) => setTimeout(reject, 30000, new Error(`never drawn: ${text}: ${drawn.slice(-3000)}`)));
  await Promise.race([done, late]);
}
async function copied() {
  for (let tries = 0; tries < 100; tries++) {
    const text = await page.evaluate(() => navigator.clipboard.readText());
    if (text) return text;
    await page.waitForTimeout(50);
  }
  throw new Error(`nothing was copied: ${drawn.slice(-3000)}`);
}

await page.goto(url);
await until("Signed Up");
await until("Order Completed");
await page.click("#terminal");
let since = drawn.length;
await page.keyboard.type("/");
await page.keyboard.type("event:Order*");
await page.keyboard.press("Enter");
await until("1 of 2", since);
await page.keyboard.press("Enter");
await until("order-1", since);
await page.keyboard.type("c");
seen.copied = await copied();
since = drawn.length;
await page.keyboard.type("r");
await until("eplay", since);
seen.replayed = drawn.slice(since);
await page.waitForTimeout(500);

since = drawn.length;
await page.reload();
await until("Order Completed", since);
await page.click("#terminal");
ending = true;
await page.keyboard.type("q");
await page.waitForSelector("#ended:not([hidden])", { timeout: 30000 });
since = drawn.length;
await page.click("#again");
await until("Order Completed", since);
await browser.close();
console.log(JSON.stringify(seen));
