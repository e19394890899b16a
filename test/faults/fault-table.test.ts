import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listedFaults } from './fault-table.ts';

const root = new URL('../../', import.meta.url);
const here = new URL('./', import.meta.url);
/** Ids of cases, as they stand in titles and tables. */
const idsIn = (file: string): string[] =>
  [...readFileSync(new URL(file, here), 'utf8').matchAll(/id: '(A\d+)'|\(\s*'(A\d+):/g)].map(
    ([, table, title]) => table ?? title ?? '',
  );

describe('every fault of the list', () => {
  it.each(listedFaults)('$id: $title', ({ id, cases, coveredBy = [] }) => {
    expect(idsIn(cases)).toContain(id);
    expect(coveredBy.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });

  it('is one of thirty-one, with so many cases each', () => {
    const found = readdirSync(here)
      .filter((file) => file.endsWith('.ts') && !file.startsWith('fault-table'))
      .flatMap(idsIn);
    const counts = listedFaults.map(({ id }) => [id, found.filter((one) => one === id).length] as const);
    process.stdout.write(`${found.length} cases: ${counts.map(([id, count]) => `${id} ${count}`).join(', ')}\n`);
    expect(listedFaults.map(({ id }) => id)).toEqual(Array.from({ length: 31 }, (_, at) => `A${at + 1}`));
    expect(found.filter((id) => !listedFaults.some((fault) => fault.id === id))).toEqual([]);
  });
});
