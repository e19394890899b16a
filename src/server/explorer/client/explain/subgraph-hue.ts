import type { CSSProperties } from 'react';
import type { Explanation } from '../../../../explain/explanation.ts';

/** Gives each subgraph of a plan a colour of its own, as the custom property `--hue`. */
export type HueOf = (subgraph: string) => CSSProperties;

const first = 208;
/** The golden angle: neighbours are never alike. */
const step = 137.5;

export function huesOf({ plan }: Explanation): HueOf {
  const names = [...new Set(plan.fetches.map(({ subgraph }) => subgraph))];
  return (subgraph) => {
    const hue: Record<`--${string}`, number> = { '--hue': Math.round(first + step * names.indexOf(subgraph)) % 360 };
    return hue;
  };
}
