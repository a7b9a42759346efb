// Curves as SVG: a WebGPU canvas comes out blank in screenshots, and these can be read by a screen reader.

import type { Letter, Role, Track } from './race.ts';

const SPACE = 'http://www.w3.org/2000/svg';

type Attributes = Record<string, string | number>;

export function svg(name: string, attributes: Attributes, ...children: (Element | string)[]): SVGElement {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, `${value}`);
  element.append(...children);
  return element;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [480, 222, 44, 12, 10, 26];

/** A mark of a role's own shape. */
export function mark(role: Role, x: number, y: number): SVGElement {
  if (role === 'base') return svg('circle', { class: 'mark', cx: x, cy: y, r: 3.4 });
  if (role === 'selffer') return svg('rect', { class: 'mark', x: x - 3.2, y: y - 3.2, width: 6.4, height: 6.4 });
  return svg('path', { class: 'mark', d: `M${x} ${y - 4.4}L${x + 4.4} ${y + 3.4}H${x - 4.4}Z` });
}

/** Means over a fortieth of all steps, each at the middle of its steps. */
function smooth(losses: number[], steps: number): [number, number][] {
  const points: [number, number][] = [];
  const width = Math.ceil(steps / 40);
  for (let at = 0; at < losses.length; at += width) {
    const part = losses.slice(at, at + width);
    points.push([at + part.length / 2, part.reduce((a, b) => a + b, 0) / part.length]);
  }
  return points;
}

export type Measure = 'accuracy' | 'loss';

/** The points of a network's curve. */
const points = (track: Track, measure: Measure, steps: number): [number, number][] =>
  measure === 'loss' ? smooth(track.losses, steps) : track.points.map(({ step, top1 }) => [step, 100 * top1]);

/** A chart of one target: its base, and what was copied against it. */
export function chart(target: Letter, measure: Measure, tracks: Track[], steps: number): HTMLElement {
  const own = tracks.filter((track) => track.target === target);
  const curves = own.map((track) => ({ track, points: points(track, measure, steps) }));
  const values = curves.flatMap(({ points }) => points.map(([, value]) => value));
  const least = measure === 'loss' ? 0 : Math.min(60, ...values.map((value) => Math.floor(value / 20) * 20));
  const most = measure === 'loss' ? Math.max(1, ...values.map((value) => Math.ceil(2 * value) / 2)) : 100;
  const x = (step: number) => LEFT + (step / steps) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - ((value - least) / (most - least)) * (HEIGHT - TOP - BOTTOM);
  const unit = measure === 'loss' ? 'training loss' : 'test accuracy, %';
  const said = curves.map(({ track, points }) => `${track.name} ${points.at(-1)?.[1].toFixed(measure === 'loss' ? 2 : 1) ?? 'not yet'}`);
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${unit} on half ${target}: ${said.join(', ')}` });
  for (let i = 0; i <= 4; i += 1) {
    const value = least + (i / 4) * (most - least);
    picture.append(svg('line', { class: i === 0 ? 'axis' : 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }));
    const label = measure === 'loss' ? value.toFixed(most > 2 ? 1 : 2) : value.toFixed(0);
    picture.append(svg('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, label));
    const step = Math.round((i / 4) * steps);
    picture.append(svg('text', { x: x(step), y: HEIGHT - BOTTOM + 16, 'text-anchor': i === 4 ? 'end' : 'middle' }, `${step}`));
  }
  picture.append(svg('text', { x: x((5 / 8) * steps), y: HEIGHT - BOTTOM + 16, 'text-anchor': 'middle' }, 'steps'));
  for (const { track, points } of curves) {
    if (points.length === 0) continue;
    const d = points.map(([step, value], i) => `${i === 0 ? 'M' : 'L'}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join('');
    const group = svg('g', { class: track.role, 'data-name': track.name }, svg('path', { class: 'curve', d }));
    if (measure === 'accuracy') points.forEach(([step, value]) => group.append(mark(track.role, x(step), y(value))));
    picture.append(group);
  }
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  caption.textContent = `Half ${target}: ${unit}`;
  figure.append(caption, picture);
  return figure;
}

/** A line of the legend. */
export function sample(role: Role, words: string): HTMLElement {
  const line = svg('path', { class: 'curve', d: 'M1 6H41' });
  const picture = svg('svg', { viewBox: '0 0 42 12', 'aria-hidden': 'true' }, svg('g', { class: role }, line, mark(role, 21, 6)));
  const entry = document.createElement('span');
  entry.append(picture, words);
  return entry;
}
