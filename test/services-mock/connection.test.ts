import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectionOf } from '../../services-mock/support/connection.ts';
import type { Connection } from '../../services-mock/support/connection.ts';

const list = (length: number) => Array.from({ length }, (_, index) => ({ id: String(index) }));

describe('a connection', () => {
  it('page by page gives the whole list, in order and once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 100 }), (length, first) => {
        const nodes = list(length);
        const seen: { id: string }[] = [];
        let after: string | null = null;
        for (;;) {
          const page: Connection<{ id: string }> = connectionOf('Thing', nodes, { first, after });
          expect(page.totalCount).toBe(length);
          expect(page.edges.length).toBeLessThanOrEqual(first);
          seen.push(...page.edges.map(({ node }) => node));
          if (!page.pageInfo.hasNextPage) break;
          after = page.pageInfo.endCursor;
        }
        expect(seen).toEqual(nodes);
      }),
    );
  });

  it('continues after the same node when the list has grown at its front', () => {
    const { pageInfo } = connectionOf('Thing', list(5), { first: 2 });
    const grown = [{ id: 'new' }, ...list(5)];
    const next = connectionOf('Thing', grown, { first: 2, after: pageInfo.endCursor });
    expect(next.edges.map(({ node }) => node.id)).toEqual(['2', '3']);
  });

  it('ends with a null cursor when it is empty', () => {
    expect(connectionOf('Thing', [], { first: 3 })).toEqual({
      edges: [],
      pageInfo: { hasNextPage: false, endCursor: null },
      totalCount: 0,
    });
  });

  it.each([-1, 0, 101])('refuses a page of %i', (first) => {
    expect(() => connectionOf('Thing', list(3), { first })).toThrow(`"first" must be from 1 to 100, but got: ${first}`);
  });

  it('refuses a cursor it has not returned', () => {
    const [edge] = connectionOf('Other', list(3), { first: 1 }).edges;
    for (const after of ['', 'garbage', '!', edge?.cursor ?? '']) {
      expect(() => connectionOf('Thing', list(3), { first: 1, after })).toThrow('"after" must be');
    }
  });
});
