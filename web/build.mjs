// Builds what is written by hand into what browsers load.
//
// Usage: node build.mjs [site DIR | package DIR | harness DIR | tests DIR]
// site: the page that `strata export web` compiles in (default: site); package: the player as an npm package (dist);
// harness: the page of the tests in a browser; tests: those that Node runs.

import { copyFile, mkdir } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const common = { bundle: true, format: 'esm', target: 'es2023', charset: 'utf8', logLevel: 'warning' };

const ways = {
  async site(folder = `${here}site`) {
    await build({ ...common, minify: true, entryPoints: [`${here}page/page.ts`], outfile: `${folder}/page.js` });
    await build({ ...common, minify: true, entryPoints: [`${here}page/page.css`], outfile: `${folder}/page.css` });
    await copyFile(`${here}page/index.html`, `${folder}/index.html`);
  },
  async package(folder = `${here}dist`) {
    await build({ ...common, entryPoints: [`${here}player/index.ts`], outfile: `${folder}/index.js` });
    const types = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rewriteRelativeImportExtensions', '--rootDir', `${here}player`];
    const tsc = spawnSync(`${here}node_modules/.bin/tsc`, ['-p', `${here}tsconfig.package.json`, ...types, '--outDir', folder], { stdio: 'inherit' });
    if (tsc.status !== 0) throw new Error('the types could not be written');
  },
  async tests(folder) {
    const node = { platform: 'node', outExtension: { '.js': '.mjs' }, sourcemap: 'inline' };
    await build({ ...common, ...node, entryPoints: [`${here}tests/player.test.ts`], outdir: folder });
  },
  async harness(folder) {
    await build({ ...common, sourcemap: 'inline', entryPoints: [`${here}tests/harness.ts`], outfile: `${folder}/harness.js` });
    await copyFile(`${here}tests/harness.html`, `${folder}/harness.html`);
  },
};

const [way = 'site', folder] = process.argv.slice(2);
if (folder) await mkdir(folder, { recursive: true });
await ways[way](folder);
