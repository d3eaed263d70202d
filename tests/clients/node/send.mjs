// node send.mjs URL '{"path": "/v1/batch", "flushAt": 15, "events": 0}'
// Sends one call of each type and `events` more; prints the messageIds that the SDK reports as delivered.
import { Analytics } from "@segment/analytics-node";

const [host, options = "{}"] = process.argv.slice(2);
const { path, flushAt = 15, events = 0 } = JSON.parse(options);
const analytics = new Analytics({ writeKey: "NODEKEY", host, path, flushAt });
const delivered = [];
const errors = [];
const report = (error, context) => (error ? errors.push(String(error.reason ?? error)) : delivered.push(context.event.messageId));

const userId = "u-1";
analytics.identify({ userId, traits: { name: "Zoë 🎉", nul: null } }, report);
analytics.track({ userId, event: "Órder", properties: { when: new Date(0), total: 1.5 }, integrations: { All: true, Mixpanel: { a: 1 } } }, report);
analytics.page({ anonymousId: "a-1", category: "Docs", name: "Intro" }, report);
analytics.screen({ userId, name: "Main" }, report);
analytics.group({ userId, groupId: "acme", traits: { plan: "pro" } }, report);
analytics.alias({ userId: "new", previousId: "a-1" }, report);
for (let i = 0; i < events; i++) analytics.track({ userId, event: `B${i}`, properties: { x: "y".repeat(100) } }, report);
await analytics.closeAndFlush({ timeout: 20000 });
console.log(JSON.stringify({ delivered, errors }));
