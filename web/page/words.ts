// What the page says of its networks, and the command that trains them natively.

import type { Description } from '../player/index.ts';
import { nameOf, type Choice, type Letter, type Race, type Track } from './race.ts';

const last = (track: Track | undefined): number | undefined => track?.points.at(-1)?.top1;

export const percent = (share: number | undefined): string => (share === undefined ? '' : (100 * share).toFixed(1));

/** A difference in points, with its sign. */
export function points(difference: number): string {
  const text = Math.abs(100 * difference).toFixed(1);
  return `${text === '0.0' ? '' : difference < 0 ? '\u2212' : '+'}${text}`;
}

/** A network's accuracy less that of its target's base. */
export function againstBase(race: Race, track: Track): number | undefined {
  const base = last(race.tracks.find(({ role, target }) => role === 'base' && target === track.target));
  const own = last(track);
  return track.role === 'base' || own === undefined || base === undefined ? undefined : own - base;
}

/** Twice the standard error of the difference of two accuracies on so many images each, were they independent. */
const noise = (accuracy: number, images: number) => 2 * Math.sqrt((2 * accuracy * (1 - accuracy)) / images);

const NUMBERS = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten'];

/** The sentences about a race that has ended. */
export function result(race: Race, tape: Description): string {
  const { classes, test } = tape.data;
  const images = (test.count / classes.length) * tape.data.classes_per_half;
  const { n, frozen } = race;
  const blocks = `the first ${n === 1 ? 'block' : `${n} blocks`}`;
  const of = (letter: Letter): string => {
    const track = (wanted: Track['role']) => race.tracks.find(({ role, target }) => role === wanted && target === letter);
    const [selffer, transfer] = [track('selffer'), track('transfer')];
    if (!selffer || !transfer) return '';
    const [own, other] = [againstBase(race, selffer), againstBase(race, transfer)];
    if (own === undefined || other === undefined) return '';
    const source = letter === 'A' ? 'B' : 'A';
    const name = (role: Track['role']) => nameOf(role, letter, n, frozen);
    return `On ${letter}, ${name('selffer')} (${blocks} of its own base, ${frozen ? 'frozen' : 'fine-tuned'}) ended at ${points(own)} `
      + `points against base ${letter}, and ${name('transfer')} (those of base ${source}) at ${points(other)}. `;
  };
  const accuracies = race.tracks.map(last).filter((value) => value !== undefined);
  const mean = accuracies.reduce((a, b) => a + b, 0) / Math.max(1, accuracies.length);
  const within = (100 * noise(mean, images)).toFixed(0);
  const count = NUMBERS[race.tracks.length] ?? `${race.tracks.length}`;
  return `${of('B')}${of('A')}${count} small networks on one split show how the experiment works. They cannot show at which `
    + `block features become specific: each was trained once and judged on ${images.toLocaleString('en')} images, on which `
    + `differences below about ${within} points may be chance, and another split or seed moves them. That takes the whole study.`;
}

/** The commands that train the networks of some halves natively. */
export function command(choice: Choice, { experiment, data }: Description): string {
  const line = (letter: Letter) => (one: number) => `${data.classes[one]},${letter}`;
  const lines = [...choice.halves[0].map(line('A')), ...choice.halves[1].map(line('B'))];
  const quoted = lines.map((text) => `'${text.replaceAll("'", "'\\''")}'`);
  const sets = ["protocol.split=listed", "protocol.split_file=halves.csv", "'protocol.splits=[0]'"];
  return `printf '%s\\n' ${quoted.join(' ')} > halves.csv\n${experiment.command}${sets.map((set) => ` --set ${set}`).join('')}`;
}
