// Drives Chromium, headless, without a GPU (SwiftShader), on 127.0.0.1.
//
// Usage: node browser.mjs FOLDER TASKS
// FOLDER is served; TASKS is a file with a list of { task, value }: functions of harness.ts, called one after the other.
// Prints { results, complaints, outside }: what they gave, what the console said, and requests to other machines.

import { readFile } from 'node:fs/promises';
import { launch, serve } from './chromium.mjs';

const [folder, tasks] = process.argv.slice(2);
const server = await serve(folder);
const browser = await launch();
const page = await browser.open(`${server.url}/harness.html`);
const results = [];
for (const { task, value } of JSON.parse(await readFile(tasks, 'utf8'))) {
  const start = Date.now();
  const result = await page
    .evaluate(([task, value]) => window.tasks[task](value), [task, value])
    .catch((error) => ({ error: String(error.message ?? error) }));
  results.push(result);
  console.error(`${task}: ${Date.now() - start} ms`);
}
await browser.close();
server.close();
console.log(JSON.stringify({ results, complaints: browser.complaints, outside: browser.outside }));
