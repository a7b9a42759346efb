// A race: the networks of one choice of halves, n and mode, and what is known of each. It is what the page draws, and
// what a recorded run keeps.

import { BURST, type Engine, type Half, type Network, type Scores, type Tape } from '../player/index.ts';

export type Letter = 'A' | 'B';
export type Role = 'base' | 'selffer' | 'transfer';

/** An evaluation of a network. */
export interface Point { step: number; top1: number; loss: number }

/** What is known of a network. */
export interface Track {
  /** The paper's name, such as `A3B+`. */
  name: string;
  target: Letter;
  role: Role;
  /** The mean loss of each step. */
  losses: number[];
  points: Point[];
  confusion: number[][];
  /** The first layer's filters, one after the other, rows of each. */
  filters: number[][];
}

/** A choice. */
export interface Choice { halves: [number[], number[]]; n: number; frozen: boolean }

export interface Race extends Choice { tracks: Track[] }

/** The name of a network in the paper. */
export function nameOf(role: Role, target: Letter, n: number, frozen: boolean): string {
  if (role === 'base') return `base ${target}`;
  const source = role === 'selffer' ? target : target === 'A' ? 'B' : 'A';
  return `${source}${n}${target}${frozen ? '' : '+'}`;
}

export const blank = (role: Role, target: Letter, { n, frozen }: Choice): Track => {
  return { name: nameOf(role, target, n, frozen), target, role, losses: [], points: [], confusion: [], filters: [] };
};

/** Resolves when the page can be seen. */
async function seen(tell: (hidden: boolean) => void): Promise<void> {
  if (!document.hidden) return;
  tell(true);
  await new Promise<void>((resolve) => document.addEventListener('visibilitychange', () => resolve(), { once: true }));
  await seen(tell);
  tell(false);
}

interface Runner { network: Network; track: Track }

/** Trains the networks of choices. Bases stay for the next choice of the same halves. */
export class Trainer {
  private readonly tape: Tape;
  private readonly engine: Engine;
  private bases: { key: string; halves: [Half, Half]; runners: [Runner, Runner] } | null = null;
  private stopped = false;
  readonly told: { change: () => void; hidden: (hidden: boolean) => void };

  constructor(tape: Tape, engine: Engine, told: Trainer['told']) {
    [this.tape, this.engine, this.told] = [tape, engine, told];
  }

  /** Ends the run after the burst under way. */
  stop(): void {
    this.stopped = true;
  }

  /** Whether the bases of these halves have been trained to their end. */
  trained({ halves }: Choice): boolean {
    const { steps } = this.tape.description.experiment;
    return this.bases?.key === JSON.stringify(halves) && this.bases.runners.every(({ network }) => network.step === steps);
  }

  private async open(choice: Choice): Promise<[Runner, Runner]> {
    this.bases?.runners.forEach(({ network }) => network.close());
    this.bases = null;
    const halves: [Half, Half] = [this.tape.half('A', choice.halves[0]), this.tape.half('B', choice.halves[1])];
    const base = async (target: Half): Promise<Runner> => {
      const network = await this.tape.network(this.engine, { target, n: 0, frozen: false });
      return { network, track: blank('base', target.letter, choice) };
    };
    const runners: [Runner, Runner] = [await base(halves[0]), await base(halves[1])];
    this.bases = { key: JSON.stringify(choice.halves), halves, runners };
    return runners;
  }

  /** Trains: the bases first, where they are not there, then what begins with their blocks. */
  async run(race: Race): Promise<'done' | 'stopped'> {
    this.stopped = false;
    if (!this.trained(race)) {
      const runners = await this.open(race);
      race.tracks = runners.map(({ track }) => track);
      if (!(await this.side(runners))) return 'stopped';
    }
    const { halves, runners } = this.bases!;
    race.tracks = runners.map(({ track }) => track);
    const derived: Runner[] = [];
    try {
      for (const target of halves) {
        for (const source of runners) {
          const role = source.network.kind.target === target ? 'selffer' : 'transfer';
          const network = await this.tape.transfer(this.engine, source.network, target, race.n, race.frozen);
          derived.push({ network, track: blank(role, target.letter, race) });
        }
      }
      race.tracks = [...race.tracks, ...derived.map(({ track }) => track)];
      return (await this.side(derived)) ? 'done' : 'stopped';
    } finally {
      derived.forEach(({ network }) => network.close());
    }
  }

  /** Trains networks side by side, a burst of each in turn, and evaluates them; false where it was stopped. */
  private async side(runners: Runner[]): Promise<boolean> {
    const { steps, evaluations } = this.tape.description.experiment;
    const every = Math.ceil(steps / evaluations);
    const start = runners[0].network.step;
    for (let step = start; step < steps; step = runners[0].network.step) {
      await seen(this.told.hidden);
      if (this.stopped) return false;
      const burst = Math.min(BURST, every - (step % every));
      await Promise.all(runners.map(async ({ network, track }) => {
        track.losses.push(...(await network.train(burst)));
        this.told.change();
      }));
      const due = runners[0].network.step;
      if (due % every === 0 || due === steps) await Promise.all(runners.map((runner) => this.evaluate(runner)));
      this.told.change();
    }
    return true;
  }

  private async evaluate({ network, track }: Runner): Promise<void> {
    const scores: Scores = await network.evaluate();
    track.points.push({ step: network.step, top1: scores.top1, loss: scores.loss });
    track.confusion = scores.confusion;
    const first = network.program.parameters[0];
    const values = (await network.parameters([first.name])).get(first.name) ?? new Float32Array();
    const size = first.shape.slice(1).reduce((a, b) => a * b, 1);
    track.filters = Array.from({ length: first.shape[0] }, (_, i) => {
      return [...values.subarray(i * size, (i + 1) * size)].map((value) => Number(value.toPrecision(3)));
    });
  }
}
