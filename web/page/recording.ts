// A recorded run, for browsers without WebGPU: a race that has ended, shown step by step.

import type { Race, Track } from './race.ts';

export interface Recording { experiment: unknown; race: Race }

/** Reads a recording of an experiment; none where there is none of this one. */
export async function recording(experiment: unknown): Promise<Recording | null> {
  const response = await fetch('recorded.json').catch(() => null);
  if (!response?.ok) return null;
  const value = (await response.json()) as Partial<Recording>;
  const same = JSON.stringify(value.experiment) === JSON.stringify(experiment);
  return same && value.race ? { experiment, race: value.race } : null;
}

/** What was known of a race when its networks had done so many steps: the bases first, then the others. */
export function until({ race }: Recording, step: number, steps: number): Race {
  const of = (track: Track): Track => {
    const done = Math.max(0, Math.min(steps, track.role === 'base' ? step : step - steps));
    const points = track.points.filter((point) => point.step <= done);
    const ended = done === steps;
    const known = points.length > 0;
    return {
      ...track,
      losses: track.losses.slice(0, done),
      points,
      confusion: ended ? track.confusion : [],
      filters: known ? track.filters : [],
    };
  };
  const begun = race.tracks.filter(({ role }) => role === 'base' || step > steps);
  return { ...race, tracks: begun.map(of) };
}
