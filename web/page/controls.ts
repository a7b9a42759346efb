// The choice of halves, n and mode.

import { Stream, type Tape } from '../player/index.ts';
import { ofClass } from './pictures.ts';
import { nameOf, type Choice, type Letter } from './race.ts';
import { element } from './view.ts';

export class Controls {
  private readonly tape: Tape;
  private readonly half: Letter[];
  private readonly buttons: HTMLButtonElement[];
  private draws = 0;
  /** Called after a change; `settled` where what is copied has been chosen, not only passed on the way. */
  private readonly changed: (settled: boolean) => void;

  constructor(tape: Tape, changed: (settled: boolean) => void) {
    [this.tape, this.changed] = [tape, changed];
    const { data, blocks } = tape.description;
    this.half = data.classes.map((_, i) => (i < data.classes_per_half ? 'A' : 'B'));
    this.buttons = data.classes.map((name, i) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'class';
      button.append(ofClass(i, tape.description, tape.binary), name);
      button.addEventListener('click', () => {
        this.half[i] = this.half[i] === 'A' ? 'B' : 'A';
        this.draw();
        button.focus();
        this.changed(false);
      });
      return button;
    });
    const range = element<HTMLInputElement>('n');
    range.max = `${blocks.length - 1}`;
    range.value = `${Math.max(1, Math.floor((blocks.length - 1) / 2))}`;
    range.addEventListener('input', () => {
      this.blocks();
      this.changed(false);
    });
    [range, ...document.querySelectorAll('input[name=mode]')].forEach((input) => input.addEventListener('change', () => {
      this.blocks();
      this.changed(true);
    }));
    element('shuffle').addEventListener('click', () => {
      this.shuffle();
      this.changed(false);
    });
    this.shuffle();
  }

  /** Halves the classes at random: each time another draw of one stream. */
  private shuffle(): void {
    const order = Stream.named('page/halves').permutation(this.half.length, this.draws);
    this.draws += 1;
    order.forEach((one, place) => (this.half[one] = place < this.half.length / 2 ? 'A' : 'B'));
    this.draw();
  }

  /** Takes over a choice. */
  set({ halves, n, frozen }: Choice): void {
    halves[0].forEach((one) => (this.half[one] = 'A'));
    halves[1].forEach((one) => (this.half[one] = 'B'));
    element<HTMLInputElement>('n').value = `${n}`;
    document.querySelectorAll<HTMLInputElement>('input[name=mode]').forEach((input) => {
      input.checked = (input.value === 'frozen') === frozen;
    });
    this.draw();
  }

  private classes(letter: Letter): number[] {
    return this.half.flatMap((half, i) => (half === letter ? [i] : []));
  }

  /** What is chosen, or why it cannot be trained. */
  choice(): Choice | string {
    const halves: [number[], number[]] = [this.classes('A'), this.classes('B')];
    const each = this.tape.description.data.classes_per_half;
    if (halves[0].length !== each) {
      const [more, less] = halves[0].length > each ? ['A', 'B'] : ['B', 'A'];
      const surplus = Math.abs(halves[0].length - each);
      return `${more} has ${each + surplus} classes and ${less} ${each - surplus}: move ${surplus} from ${more} to ${less}`;
    }
    const frozen = document.querySelector<HTMLInputElement>('input[name=mode]:checked')?.value !== 'tuned';
    return { halves, n: Number(element<HTMLInputElement>('n').value), frozen };
  }

  /** Lets all controls be used, only those of what is copied, or none. */
  enable(usable: 'all' | 'copied' | 'none'): void {
    const set = (which: string, disabled: boolean) => {
      document.querySelectorAll<HTMLInputElement | HTMLButtonElement>(which).forEach((input) => (input.disabled = disabled));
    };
    set('#halves button, #shuffle', usable !== 'all');
    set('#n, input[name=mode]', usable === 'none');
  }

  private draw(): void {
    const groups = (['A', 'B'] as Letter[]).map((letter) => {
      const group = document.createElement('div');
      group.className = `half ${letter.toLowerCase()}`;
      group.role = 'group';
      group.ariaLabel = `Half ${letter}`;
      const title = document.createElement('h3');
      title.textContent = `Half ${letter}`;
      const classes = document.createElement('div');
      classes.className = 'classes';
      classes.append(...this.classes(letter).map((one) => this.buttons[one]));
      this.classes(letter).forEach((one) => {
        const other = letter === 'A' ? 'B' : 'A';
        this.buttons[one].ariaLabel = `${this.tape.description.data.classes[one]}, in half ${letter}; move to ${other}`;
      });
      group.append(title, classes);
      return group;
    });
    element('halves').replaceChildren(...groups);
    const choice = this.choice();
    element('balance').textContent = typeof choice === 'string' ? `${choice}.` : '';
    this.blocks();
  }

  private blocks(): void {
    const { blocks } = this.tape.description;
    const n = Number(element<HTMLInputElement>('n').value);
    const frozen = document.querySelector<HTMLInputElement>('input[name=mode]:checked')?.value !== 'tuned';
    element('n-value').textContent = `${n} (${blocks.slice(0, n).join(', ')})`;
    const row = (name: string, from: (place: number) => Letter | null) => {
      const line = document.createElement('div');
      line.className = 'row';
      const title = document.createElement('span');
      title.textContent = name;
      const cells = document.createElement('div');
      blocks.forEach((block, place) => {
        const cell = document.createElement('span');
        const source = from(place);
        cell.className = `block${source ? ` from-${source.toLowerCase()}${frozen ? ' frozen' : ''}` : ''}`;
        cell.textContent = source ? `${source}` : block;
        cell.title = source ? `${block}, copied from base ${source}, ${frozen ? 'frozen' : 'fine-tuned'}` : `${block}, new`;
        cells.append(cell);
      });
      line.append(title, cells);
      return line;
    };
    const copied = (source: Letter) => (place: number) => (place < n ? source : null);
    element('blocks').replaceChildren(
      row('base B', () => null),
      row(nameOf('selffer', 'B', n, frozen), copied('B')),
      row(nameOf('transfer', 'B', n, frozen), copied('A')),
    );
  }
}
