// The page: loads the tape, opens a device, and lets races be run; without a device it shows a recorded one.

import { Engine, Tape, TapeError } from '../player/index.ts';
import { Controls } from './controls.ts';
import { Trainer, type Race } from './race.ts';
import { recording, until, type Recording } from './recording.ts';
import { View, element } from './view.ts';

type State = 'ready' | 'training' | 'stopped' | 'done' | 'failed';

const root = document.documentElement;
const status = (text: string): void => void (element('status').textContent = text);

function notice(text: string): void {
  const box = element('notice');
  [box.textContent, box.hidden] = [text, text === ''];
}

const words = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  return error instanceof TapeError ? `${text[0].toUpperCase()}${text.slice(1)}.` : `Unexpected error: ${text}. Load the page again.`;
};

/** The adapter in words. */
function adapter({ adapter: info }: Engine): string {
  const name = [info.vendor, info.architecture, info.description].filter((word, i, all) => word && all.indexOf(word) === i).join(' ');
  return info.isFallbackAdapter ? `the processor (${name || 'no graphics adapter'}), which is slow` : name || 'the graphics processor';
}

function copying(): void {
  element('copy').addEventListener('click', async () => {
    const text = element('command').textContent ?? '';
    const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    if (!copied) getSelection()?.selectAllChildren(element('command'));
    element('copied').textContent = copied ? 'Copied.' : 'Selected: copy it with the keyboard.';
  });
}

/** Runs races on a device. */
function live(tape: Tape, engine: Engine, controls: Controls, view: View, race: Race): void {
  const { steps, batch } = tape.description.experiment;
  const [train, stop] = [element<HTMLButtonElement>('train'), element<HTMLButtonElement>('stop')];
  const progress = element<HTMLProgressElement>('progress');
  let [start, before, training, hidden] = [0, 0, false, false];
  /** Times of the last seconds with the steps done by then, for the rate. */
  let recent: [number, number][] = [];
  let running: Promise<void> = Promise.resolve();
  const done = () => race.tracks.reduce((sum, { losses }) => sum + losses.length, 0);
  const tell = () => {
    progress.value = done() / (6 * steps);
    const now = performance.now();
    recent = [...recent.filter(([time]) => time > now - 10_000), [now, done()]];
    const [since, already] = recent[0];
    const rate = (1000 * (done() - already)) / Math.max(1, now - since);
    const which = race.tracks.length > 2 ? 'selffer and transfer networks' : 'bases';
    if (training) status(hidden ? 'Paused while this page is in the background.' : `Training the ${which}.`);
    element('rate').textContent = training && !hidden && rate > 0 ? `${rate.toFixed(rate < 10 ? 1 : 0)} steps a second` : '';
    view.later(race, false);
  };
  const trainer = new Trainer(tape, engine, { change: tell, hidden: (now) => { hidden = now; tell(); } });
  const state = (now: State) => {
    root.dataset['state'] = now;
    training = now === 'training';
    [train.disabled, stop.disabled] = [training || now === 'failed' || typeof controls.choice() === 'string', !training];
    controls.enable(now === 'failed' ? 'none' : training ? 'copied' : 'all');
  };
  engine.lost.then((reason) => {
    trainer.stop();
    state('failed');
    notice(`The browser lost the graphics device (${reason}). Load the page again; if it happens again, take a smaller experiment.`);
  });
  const run = async () => {
    const choice = controls.choice();
    if (typeof choice === 'string') return;
    notice('');
    const kept = trainer.trained(choice) ? race.tracks.filter(({ role }) => role === 'base') : [];
    Object.assign(race, choice, { tracks: kept });
    [start, before] = [performance.now(), kept.reduce((sum, { losses }) => sum + losses.length, 0)];
    recent = [];
    state('training');
    status('Compiling the shaders for this graphics processor.');
    view.draw(race, false);
    try {
      const ended = await trainer.run(race);
      const seconds = (performance.now() - start) / 1000;
      const images = ((done() - before) * batch).toLocaleString('en');
      state(ended);
      view.draw(race, ended === 'done');
      status(ended === 'done' ? `Done: ${images} images in ${seconds.toFixed(1)} seconds.` : 'Stopped.');
    } catch (error) {
      state('failed');
      status('');
      notice(words(error));
    }
    element('rate').textContent = '';
  };
  /** Ends what is running, if anything is, and runs what is chosen. */
  const rerun = () => {
    trainer.stop();
    running = running.then(run);
  };
  train.addEventListener('click', rerun);
  stop.addEventListener('click', () => {
    trainer.stop();
    stop.disabled = true;
    status('Stopping after the steps in progress.');
  });
  changed = (settled) => {
    const choice = controls.choice();
    // What is copied can be changed while networks train: they begin anew, with the bases that are there.
    if (settled && typeof choice !== 'string' && root.dataset['state'] !== 'failed' && trainer.trained(choice)) return rerun();
    if (root.dataset['state'] === 'failed') return;
    if (training) {
      // The bases are under way; what follows them is not.
      if (typeof choice !== 'string' && race.tracks.length < 3) Object.assign(race, { n: choice.n, frozen: choice.frozen });
      return;
    }
    state('ready');
    if (typeof choice === 'string') return;
    const tracks = matching(race, choice);
    view.draw({ ...race, ...choice, tracks }, tracks.length === 6 && tracks.every(({ losses }) => losses.length === steps));
  };
  status(`Ready on ${adapter(engine)}.`);
  state('ready');
}

/** The networks that belong to a choice: bases of its halves, others of its n and mode. */
function matching(race: Race, choice: Pick<Race, 'halves' | 'n' | 'frozen'>): Race['tracks'] {
  if (JSON.stringify(race.halves) !== JSON.stringify(choice.halves)) return [];
  const same = race.n === choice.n && race.frozen === choice.frozen;
  return race.tracks.filter(({ role }) => same || role === 'base');
}

/** Shows a recorded race. */
function replay(kept: Recording, tape: Tape, controls: Controls, view: View): void {
  const { steps } = tape.description.experiment;
  controls.set(kept.race);
  controls.enable('none');
  const [train, stop] = [element<HTMLButtonElement>('train'), element<HTMLButtonElement>('stop')];
  train.textContent = 'Show the recorded run';
  let timer = 0;
  const show = (step: number) => {
    const ended = step >= 2 * steps;
    element<HTMLProgressElement>('progress').value = step / (2 * steps);
    view.draw(until(kept, step, steps), ended);
    status(ended ? 'The end of the recorded run.' : 'Showing the recorded run.');
    [train.disabled, stop.disabled] = [!ended, ended];
    if (!ended) timer = window.setTimeout(show, 60, step + 8);
  };
  train.addEventListener('click', () => show(0));
  stop.addEventListener('click', () => {
    clearTimeout(timer);
    show(2 * steps);
  });
  root.dataset['state'] = 'recorded';
  show(2 * steps);
}

/** The part of the address that asks for the recorded run where the page could train. */
const RECORDED = '#recorded';

let changed = (_settled: boolean): void => {};

async function main(): Promise<void> {
  copying();
  const tape = await Tape.load('tape.json');
  const { description } = tape;
  element('about').textContent = `Made by strata ${description.strata}: experiment ${description.experiment.name}, ${description.experiment.description}.`;
  const controls = new Controls(tape, (settled) => changed(settled));
  const view = new View(description);
  const choice = controls.choice();
  const race: Race = { ...(typeof choice === 'string' ? { halves: [[], []], n: 1, frozen: true } : choice), tracks: [] };
  view.draw(race, false);
  addEventListener('hashchange', () => location.reload());
  if (location.hash === RECORDED) {
    const kept = await recording(description.experiment);
    notice('This run was recorded when the page was made. To train here, open the page without #recorded in its address.');
    if (kept) return replay(kept, tape, controls, view);
  }
  try {
    const engine = await tape.engine();
    live(tape, engine, controls, view, race);
    // On a processor a race takes many minutes.
    element('instead').hidden = !(engine.adapter.isFallbackAdapter && (await recording(description.experiment)));
  } catch (error) {
    const kept = await recording(description.experiment);
    notice(kept ? `${words(error)} Below is a recorded run.` : words(error));
    element<HTMLButtonElement>('train').disabled = true;
    if (kept) replay(kept, tape, controls, view);
  }
}

main().catch((error: unknown) => {
  notice(words(error));
  root.dataset['state'] = 'failed';
  element<HTMLButtonElement>('train').disabled = true;
}).finally(() => (root.dataset['ready'] = ''));
