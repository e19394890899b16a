import { describe, expect, it } from 'vitest';
import { sharedFreshness } from '../../src/cache/cache-control.ts';

const freshnessOf = (cacheControl: string, age?: string) => sharedFreshness({ 'cache-control': cacheControl, age });

describe('shared freshness', () => {
  it.each([
    ['max-age=60', 60, false],
    ['public, max-age=60', 60, true],
    ['MAX-AGE=60,PUBLIC', 60, true],
    ['  max-age=60\t,\tpublic  ', 60, true],
    [', ,max-age=60,,', 60, false],
    ['s-maxage=10, max-age=60', 10, false],
    ['max-age=60, s-maxage=10', 10, false],
    ['max-age=60, max-age=60', 60, false],
    ['max-age=60, stale-if-error=600, stale-while-revalidate=30', 60, false],
    ['max-age=60, extension, other=1, third="a, private, no-store"', 60, false],
    ['max-age=60, third="\\", no-store"', 60, false],
    ['max-age=60, must-revalidate, no-transform, immutable', 60, false],
    ['max-age=060', 60, false],
    ['max-age=99999999999999999999', 2 ** 31, false],
    ['max-age=60, public=1', 60, false],
  ])('of %o is %i seconds, public: %o', (cacheControl, ttlSeconds, isPublic) => {
    expect(freshnessOf(cacheControl)).toEqual({ ttlSeconds, isPublic, isPrivate: false });
  });

  it.each([
    [''],
    ['public'],
    ['max-age=0'],
    ['s-maxage=0, max-age=60'],
    ['no-store, max-age=60'],
    ['max-age=60, No-Store'],
    ['no-cache, max-age=60'],
    ['no-cache="x", max-age=60'],
    ['private, max-age=60'],
    ['private="x", max-age=60'],
    ['private=x, public, max-age=60'],
    ['no-store=1, max-age=60'],
    ['max-age'],
    ['max-age='],
    ['max-age=-1'],
    ['max-age=1.5'],
    ['max-age=1e3'],
    ['max-age="60"'],
    ['max-age=60s'],
    ['max-age = 60'],
    ['s-maxage=x, max-age=60'],
    ['s-maxage, max-age=60'],
    ['max-age=60, max-age=30'],
    ['max-age=60; public'],
    ['max-age=60, "public"'],
    ['max-age=60, third="open'],
  ])('is none for %o', (cacheControl) => {
    expect(freshnessOf(cacheControl)).toBeUndefined();
  });

  it('is none without the header, whatever Expires says', () => {
    expect(sharedFreshness({ expires: 'Fri, 01 Jan 2100 00:00:00 GMT' })).toBeUndefined();
  });

  it.each([
    ['20', 40],
    ['0', 60],
    ['soon', 60],
  ])('is shorter by an Age of %o', (age, ttlSeconds) => {
    expect(freshnessOf('max-age=60', age)).toEqual({ ttlSeconds, isPublic: false });
  });

  it('is none when the response is as old as it may become', () => {
    expect(freshnessOf('max-age=60', '60')).toBeUndefined();
    expect(freshnessOf('max-age=60', '999999999999999999999')).toBeUndefined();
  });
});
