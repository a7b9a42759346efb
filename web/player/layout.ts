// The order of parameters outside (OIHW, `[out, in]`) and inside, as src/host/layout.rs has it: kernels `[r][s][c][k]`,
// channels padded to a multiple of four, those of a kernel's input only where there is one group.

import type { Layout } from './format.ts';

export const padded = (channels: number): number => Math.ceil(channels / 4) * 4;

/** Calls `visit` with the outer and the inner place of every element, and returns the inner length. */
function each(layout: Layout, visit: (outer: number, inner: number) => void): number {
  if ('channels' in layout) {
    for (let i = 0; i < layout.channels; i += 1) visit(i, i);
    return padded(layout.channels);
  }
  const { dims: [k, c, r, s], groups } = layout.kernel;
  const [cp, kp] = [groups === 1 ? padded(c) : c, padded(k)];
  let outer = 0;
  for (let ki = 0; ki < k; ki += 1) {
    for (let ci = 0; ci < c; ci += 1) {
      for (let ri = 0; ri < r; ri += 1) {
        for (let si = 0; si < s; si += 1) {
          visit(outer, ((ri * s + si) * cp + ci) * kp + ki);
          outer += 1;
        }
      }
    }
  }
  return r * s * cp * kp;
}

/** Elements of a layout, padding included. */
export const innerLength = (layout: Layout): number => each(layout, () => {});

/** Elements of a layout without padding. */
export function outerLength(layout: Layout): number {
  return 'channels' in layout ? layout.channels : layout.kernel.dims.reduce((a, b) => a * b, 1);
}

/** Outer order to inner order; padding becomes zero. */
export function pack(layout: Layout, values: Float32Array): Float32Array<ArrayBuffer> {
  const inner = new Float32Array(innerLength(layout));
  each(layout, (from, to) => (inner[to] = values[from]));
  return inner;
}

/** Inner order to outer order. */
export function unpack(layout: Layout, inner: Float32Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(outerLength(layout));
  each(layout, (to, from) => (values[to] = inner[from]));
  return values;
}
