import type { PlannedFetch } from '../../../../explain/explanation.ts';

export const box = { width: 112, height: 44, gapX: 38, gapY: 14, margin: 8 } as const;

export interface PlanLayout {
  readonly width: number;
  readonly height: number;
  /** The upper left corner of each fetch's box, in the order of the fetches. */
  readonly boxes: readonly { readonly x: number; readonly y: number }[];
  /** From the box of a fetch to that of one that waits for it. */
  readonly arrows: readonly { readonly from: number; readonly to: number; readonly path: string }[];
}

/** Fetches in columns, each to the right of all it comes after. What follows from other arrows has none of its own. */
export function layoutPlan(fetches: readonly Pick<PlannedFetch, 'after'>[]): PlanLayout {
  const columns: number[] = [];
  const columnOf = (index: number): number =>
    (columns[index] ??= 1 + Math.max(-1, ...(fetches[index]?.after ?? []).map(columnOf)));
  const filled: number[] = [];
  const boxes = fetches.map((_, index) => {
    const column = columnOf(index);
    const row = filled[column] ?? 0;
    filled[column] = row + 1;
    return { x: box.margin + column * (box.width + box.gapX), y: box.margin + row * (box.height + box.gapY) };
  });
  const arrows = fetches.flatMap(({ after }, to) =>
    nearest(fetches, after).map((from) => ({ from, to, path: curve(boxes[from], boxes[to]) })),
  );
  return {
    width: filled.length * (box.width + box.gapX) - box.gapX + 2 * box.margin,
    height: Math.max(0, ...filled) * (box.height + box.gapY) - box.gapY + 2 * box.margin,
    boxes,
    arrows,
  };
}

/** Those that no other of them waits for. */
function nearest(fetches: readonly Pick<PlannedFetch, 'after'>[], after: readonly number[]): readonly number[] {
  const waitsFor = (index: number, other: number): boolean =>
    (fetches[index]?.after ?? []).some((before) => before === other || waitsFor(before, other));
  return after.filter((before) => !after.some((other) => waitsFor(other, before)));
}

function curve(from: { x: number; y: number } | undefined, to: { x: number; y: number } | undefined): string {
  if (from === undefined || to === undefined) return '';
  const [startX, startY] = [from.x + box.width, from.y + box.height / 2];
  const [endX, endY] = [to.x, to.y + box.height / 2];
  const bend = box.gapX / 2;
  return `M${startX} ${startY} C${startX + bend} ${startY} ${endX - bend} ${endY} ${endX} ${endY}`;
}
