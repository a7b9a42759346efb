// Prints how fast the products of a tape's training step are, beside a tuned product in the same page.
//
// Usage: node speed.mjs FOLDER
// FOLDER holds tape.json, tape.bin and the harness.

import { launch, serve } from './chromium.mjs';

const server = await serve(process.argv[2]);
const browser = await launch();
const page = await browser.open(`${server.url}/harness.html`);
const { adapter, step, macs, lines } = await page.evaluate(() => window.tasks.speed({ tape: 'tape.json' }));
await browser.close();
server.close();
if (browser.complaints.length > 0) throw new Error(browser.complaints.join('\n'));

const rate = (line, which) => (which < 0 ? line.ours : Math.max(...(which === 0 ? line.tuned.slice(0, 2) : line.tuned)));
const seconds = (which) => lines.reduce((sum, line) => sum + line.size.reduce((a, b) => a * b, 1) / rate(line, which), 0);
console.log(`${adapter}: GFLOP/s of each product of a step, and of plain products of the same size in WGSL: the fastest of two that are`);
console.log('tuned for graphics processors (through workgroup memory), and the fastest of these and four for processors');
const row = (cells) => console.log(cells.map((cell, i) => (i < 3 ? `${cell}`.padEnd([8, 36, 20][i]) : `${cell}`.padStart(9))).join(' '));
row(['layer', 'shader', 'm n k groups', 'strata', 'tuned', 'ratio', 'any', 'ratio']);
for (const line of lines) {
  const [ours, tuned, any] = [-1, 0, 1].map((which) => rate(line, which));
  row([line.layer, line.shader, line.size.join(' '), ...[ours, tuned, ours / tuned, any, ours / any].map((number) => number.toFixed(2))]);
}
const [ours, tuned, any] = [-1, 0, 1].map(seconds);
console.log(`all products: ${(tuned / ours).toFixed(2)} and ${(any / ours).toFixed(2)} of their speed`);
console.log(`a step: ${(1000 * step).toFixed(1)} ms, ${((2e-9 * macs) / step).toFixed(1)} GFLOP/s`);
