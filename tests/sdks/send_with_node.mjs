// Sends one call of each kind with Segment's SDK for Node: node send_with_node.mjs SDK_FOLDER URL KEY PREFIX
// Prints {"errors": [...], "sent": n} when everything has been answered.
import { createRequire } from "node:module";

const [folder, host, writeKey, prefix] = process.argv.slice(2);
const { Analytics } = createRequire(`${folder}/`)("@segment/analytics-node");
const analytics = new Analytics({ host, writeKey, maxRetries: 0 });
const errors = [];
let sent = 0;
analytics.on("error", (error) => errors.push(String(error.reason ?? error)));
for (const name of ["track", "identify", "page", "screen", "group", "alias"]) analytics.on(name, () => (sent += 1));

const [userId, anonymousId] = [`${prefix}-user`, `${prefix}-device`];
analytics.page({ anonymousId, name: "Pricing" });
analytics.identify({ userId, anonymousId, traits: { role: "admin", plan: "team" } });
analytics.track({ userId, event: "Feature Used", properties: { feature: "board", ratio: 0.5, "clé": "é€😀" } });
analytics.track({ userId, event: "Feature Used", properties: { colour: "red" } });
analytics.screen({ userId, name: "Inbox" });
analytics.group({ userId, groupId: `${prefix}-group`, traits: { industry: "software" } });
analytics.alias({ userId, previousId: `${prefix}-old` });
await analytics.closeAndFlush({ timeout: 20000 });
console.log(JSON.stringify({ errors, sent }));
