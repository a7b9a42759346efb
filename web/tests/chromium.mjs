// A server of a folder on 127.0.0.1, and a Chromium that computes on the processor.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

/** Serves the files of a folder. */
export async function serve(folder) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname)).replace(/\/$/, '/index.html');
    try {
      const bytes = await readFile(join(folder, path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
      response.end(bytes);
    } catch {
      response.writeHead(404);
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Starts Chromium. With `webgpu` false it has none, as browsers without graphics. */
export async function launch({ webgpu = true } = {}) {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const quiet = ['background-networking', 'component-update', 'sync', 'default-apps'].map((what) => `--disable-${what}`);
  const gpu = webgpu ? ['--enable-unsafe-webgpu'] : [];
  const args = ['--headless=new', '--no-sandbox', '--no-first-run', ...quiet, ...gpu];
  const browser = await chromium.launch({ executablePath: path, headless: true, args });
  const [complaints, outside] = [[], []];
  return {
    complaints,
    outside,
    async open(url, options = {}) {
      const page = await browser.newPage(options);
      page.setDefaultTimeout(0);
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => complaints.push(`page: ${error.message}`));
      page.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (!['data:', 'blob:'].includes(protocol) && hostname !== '127.0.0.1') outside.push(request.url());
      });
      await page.goto(url);
      await page.waitForSelector('[data-ready]', { state: 'attached' });
      return page;
    },
    /** Ends the browser's graphics process: pages lose their devices. */
    async crash() {
      const session = await browser.newBrowserCDPSession();
      await session.send('Browser.crashGpuProcess').catch(() => {});
    },
    close: () => browser.close(),
  };
}
