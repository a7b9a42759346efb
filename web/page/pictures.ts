// Pictures of classes and filters, and tables of confusion.

import type { Description } from '../player/index.ts';
import type { Track } from './race.ts';

/** Draws values from 0 to 255, rows of one or three channels, into a canvas of its own. */
function canvas(width: number, height: number, value: (x: number, y: number, channel: number) => number): HTMLCanvasElement {
  const element = document.createElement('canvas');
  [element.width, element.height] = [width, height];
  const context = element.getContext('2d');
  if (!context) return element;
  const image = context.createImageData(width, height);
  for (let at = 0; at < width * height; at += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * at + channel] = value(at % width, Math.floor(at / width), channel);
    }
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return element;
}

/** Four training images of a class, as a square. */
export function ofClass(number: number, { data }: Description, binary: Uint8Array): HTMLCanvasElement {
  const [height, width, channels] = data.shape;
  const { labels, pixels, count } = data.train;
  const own: number[] = [];
  for (let i = 0; i < count && own.length < 4; i += 1) if (binary[labels.offset + i] === number) own.push(i);
  const size = height * width * channels;
  return canvas(2 * width, 2 * height, (x, y, channel) => {
    const image = own[(y < height ? 0 : 2) + (x < width ? 0 : 1)];
    if (image === undefined) return 0;
    const place = ((y % height) * width + (x % width)) * channels + Math.min(channel, channels - 1);
    return binary[pixels.offset + image * size + place];
  });
}

/** The filters of a first layer, each from its least value, black, to its greatest, white. */
export function ofFilters(filters: number[][], [channels, height, width]: number[]): HTMLElement {
  const row = document.createElement('div');
  row.className = 'filters';
  for (const filter of filters) {
    const [least, most] = [Math.min(...filter), Math.max(...filter)];
    const scale = 255 / Math.max(most - least, 1e-12);
    row.append(canvas(width, height, (x, y, channel) => {
      return (filter[(Math.min(channel, channels - 1) * height + y) * width + x] - least) * scale;
    }));
  }
  row.role = 'img';
  row.ariaLabel = `${filters.length} filters of the first layer`;
  return row;
}

function cell(tag: 'td' | 'th', text: string, scope?: string): HTMLTableCellElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (scope) element.scope = scope;
  return element;
}

/** Which classes a network takes for which: rows are true, columns what it says. */
export function ofConfusion(track: Track, classes: string[]): HTMLElement {
  const table = document.createElement('table');
  table.className = 'confusion';
  const caption = table.createCaption();
  caption.textContent = 'Test images: true class by row, predicted class by column';
  const head = table.createTHead().insertRow();
  head.append(cell('td', ''), ...classes.map((name) => cell('th', name, 'col')));
  const body = table.createTBody();
  track.confusion.forEach((counts, i) => {
    const row = body.insertRow();
    const all = Math.max(1, counts.reduce((a, b) => a + b, 0));
    row.append(cell('th', classes[i], 'row'));
    counts.forEach((count, j) => {
      const shown = cell('td', `${count}`);
      const colour = i === j ? 'var(--selffer)' : 'var(--transfer)';
      shown.style.background = `color-mix(in srgb, ${colour} ${Math.round((60 * count) / all)}%, var(--raised))`;
      row.append(shown);
    });
  });
  const wrap = document.createElement('div');
  wrap.className = 'scroll';
  wrap.append(table);
  return wrap;
}
