import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkCase, emptyStatistics } from './check.ts';
import type { Case } from './case.ts';

const folder = new URL('kept-cases/', import.meta.url);

describe('what the suite once found', () => {
  it.for(readdirSync(folder))('stays mended: %s', async (file) => {
    const kept = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case;
    const statistics = emptyStatistics();
    await checkCase(kept, statistics);
    // A world that does not compose, or is left out, would show nothing.
    expect(statistics.questions).toBe(kept.questions.length);
  });
});
