// Draws a race: legend, charts, table, details, sentences.

import type { Description } from '../player/index.ts';
import { chart, sample } from './charts.ts';
import { ofConfusion, ofFilters } from './pictures.ts';
import type { Letter, Race, Track } from './race.ts';
import { againstBase, command, percent, points, result } from './words.ts';

export function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** Draws into the page; `classes` names the classes of a half. */
export class View {
  private readonly tape: Description;
  private shown: string | null = null;
  /** The frame at which it is drawn next, if one is asked for. */
  private frame = 0;

  constructor(tape: Description) {
    this.tape = tape;
    const words: [Parameters<typeof sample>[0], string][] = [
      ['base', 'base: trained from random weights'],
      ['selffer', 'selffer: first n blocks from its own base'],
      ['transfer', 'transfer: first n blocks from the other base'],
    ];
    element('legend').replaceChildren(...words.map(([role, text]) => sample(role, text)));
  }

  /** Draws at the next frame, once however often it is called before. */
  later(race: Race, ended: boolean): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw(race, ended));
  }

  /** Draws now, in place of what was to be drawn later. */
  draw(race: Race, ended: boolean): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { steps } = this.tape.experiment;
    const charts = (['B', 'A'] as Letter[]).flatMap((target) => {
      return (['accuracy', 'loss'] as const).map((measure) => chart(target, measure, race.tracks, steps));
    });
    element('charts').replaceChildren(...charts);
    this.table(race);
    this.details(race);
    element('command').textContent = command(race, this.tape);
    element('result').textContent = ended
      ? result(race, this.tape)
      : 'Train the networks to see how they compare, and what that can and cannot show.';
  }

  private table(race: Race): void {
    const table = element<HTMLTableElement>('networks');
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['name'] : undefined;
    const head = document.createElement('thead');
    head.innerHTML = '<tr><th scope="col">network</th><th scope="col">step</th><th scope="col">loss</th><th scope="col">accuracy, %</th><th scope="col">against base</th></tr>';
    const body = document.createElement('tbody');
    for (const track of race.tracks) {
      const row = body.insertRow();
      row.tabIndex = 0;
      row.dataset['name'] = track.name;
      row.classList.toggle('shown', track.name === this.shown);
      const difference = againstBase(race, track);
      const name = document.createElement('th');
      name.scope = 'row';
      name.append(sample(track.role, track.name));
      name.className = 'legend-cell';
      row.append(name);
      const loss = track.losses.slice(-20);
      const cells = [
        `${track.losses.length}`,
        loss.length === 0 ? '' : (loss.reduce((a, b) => a + b, 0) / loss.length).toFixed(2),
        percent(track.points.at(-1)?.top1),
        difference === undefined ? '' : points(difference),
      ];
      cells.forEach((text) => (row.insertCell().textContent = text));
      const show = () => {
        this.shown = track.name;
        table.querySelectorAll('tbody tr').forEach((other) => other.classList.toggle('shown', other === row));
        this.details(race);
      };
      row.addEventListener('pointerenter', show);
      row.addEventListener('focus', show);
    }
    table.replaceChildren(head, body);
    if (focused) table.querySelector<HTMLElement>(`tr[data-name="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  private details(race: Race): void {
    const ready = race.tracks.filter(({ confusion }) => confusion.length > 0);
    const track: Track | undefined = ready.find(({ name }) => name === this.shown) ?? ready.at(-1);
    const box = element('details');
    if (!track) {
      box.replaceChildren();
      return;
    }
    const title = document.createElement('h3');
    title.textContent = `${track.name} after ${track.points.at(-1)?.step ?? 0} steps`;
    const classes = race.halves[track.target === 'A' ? 0 : 1].map((one) => this.tape.data.classes[one]);
    const filters = document.createElement('p');
    filters.textContent = `Filters of its first layer, ${this.tape.programs[0].parameters[0].name.replace(/\.weight$/, '')}:`;
    const shape = this.tape.programs[0].parameters[0].shape.slice(1);
    box.replaceChildren(title, ofConfusion(track, classes), filters, ofFilters(track.filters, shape));
  }
}
