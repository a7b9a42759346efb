// Uses the page as a visitor does, at the width of a telephone and of a desk, light and dark, and without WebGPU.
//
// Usage: node page.mjs FOLDER [PICTURES]
// FOLDER holds a page with its tape; PICTURES is a folder for pictures of what was seen.
// Prints { looks, complaints, outside }.

import { launch, serve } from './chromium.mjs';

const [folder, pictures] = process.argv.slice(2);
const server = await serve(folder);

/** What can be seen of a page. */
const look = (page) => page.evaluate(() => {
  const text = (id) => document.getElementById(id).innerText;
  const shown = [...document.querySelectorAll('button, input, select, a, tr[tabindex]')];
  return {
    state: document.documentElement.dataset.state ?? '',
    notice: text('notice'),
    status: text('status'),
    across: document.documentElement.scrollWidth,
    classes: document.querySelectorAll('.class').length,
    curves: document.querySelectorAll('path.curve').length,
    networks: [...document.querySelectorAll('#networks tbody tr')].map((row) => row.innerText.replace(/\s+/g, ' ').trim()),
    confusion: [...document.querySelectorAll('.confusion tbody td')].map((cell) => Number(cell.innerText)),
    filters: document.querySelectorAll('.filters canvas').length,
    result: text('result'),
    command: text('command'),
    nameless: shown.filter((one) => !(one.innerText || one.ariaLabel || one.labels?.length)).length,
  };
});

const picture = async (page, name) => {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};

const until = (page, states) => page.waitForFunction((states) => states.includes(document.documentElement.dataset.state), states);

/** What Chromium says itself where it has no adapter, and where its graphics process ends. */
const CHROMIUM = ['warning: No available adapters.', 'warning: A valid external Instance reference no longer exists.'];

const looks = {};
const [complaints, outside] = [[], []];
const with_browser = async (options, work) => {
  const browser = await launch(options);
  await work(browser);
  complaints.push(...browser.complaints.filter((text) => !CHROMIUM.includes(text)));
  outside.push(...browser.outside);
  await browser.close();
};

/** Looks at a page as it is at both widths, light and dark. */
const both = async (page, name) => {
  for (const [width, colorScheme] of [[360, 'light'], [360, 'dark'], [1440, 'dark'], [1440, 'light']]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    looks[`${width} ${colorScheme} ${name}`] = await look(page);
    await picture(page, `${width}-${colorScheme}-${name}`);
  }
};

await with_browser({}, async (browser) => {
  const page = await browser.open(`${server.url}/`, { viewport: { width: 1440, height: 900 } });
  await both(page, 'ready');
  // By the keyboard alone: a class moves, so that the halves are uneven, and moves back.
  await page.focus('.class');
  await page.keyboard.press('Enter');
  looks.uneven = { train: await page.isDisabled('#train'), balance: await page.innerText('#balance') };
  await page.keyboard.press('Enter');
  await page.focus('#n');
  await page.keyboard.press('Home');
  await page.focus('#train');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.charts path.curve').length > 1);
  await both(page, 'training');
  await until(page, ['done', 'failed', 'stopped']);
  await page.focus('#networks tbody tr:nth-child(4)');
  await both(page, 'done');
  // The bases stay: only what is copied is trained anew.
  await page.check('input[value=tuned]');
  looks.anew = await look(page);
  await until(page, ['done', 'failed', 'stopped']);
  looks.tuned = await look(page);
  await browser.crash();
  await until(page, ['failed']);
  looks.lost = await look(page);
});
await with_browser({ webgpu: false }, async (browser) => {
  const page = await browser.open(`${server.url}/`, { viewport: { width: 1440, height: 900 } });
  await both(page, 'without');
});
server.close();
console.log(JSON.stringify({ looks, complaints, outside }));
