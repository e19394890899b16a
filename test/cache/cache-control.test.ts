import { describe, expect, it } from 'vitest';
import { freshnessOf } from '../../src/cache/cache-control.ts';

const read = (cacheControl: string, more: { age?: string; expires?: string } = {}, defaultSeconds?: number) =>
  freshnessOf({ 'cache-control': cacheControl, ...more }, defaultSeconds);

describe('freshness', () => {
  it.each([
    ['max-age=60', 60, 'impersonal'],
    ['public, max-age=60', 60, 'public'],
    ['MAX-AGE=60,PUBLIC', 60, 'public'],
    ['  max-age=60\t,\tpublic  ', 60, 'public'],
    [', ,max-age=60,,', 60, 'impersonal'],
    ['s-maxage=10, max-age=60', 10, 'impersonal'],
    ['max-age=60, s-maxage=10', 10, 'impersonal'],
    ['max-age=60, max-age=60', 60, 'impersonal'],
    ['max-age=60, extension, other=1, third="a, private, no-store"', 60, 'impersonal'],
    ['max-age=60, third="\\", no-store"', 60, 'impersonal'],
    ['max-age=60, must-revalidate, no-transform, immutable', 60, 'impersonal'],
    ['max-age=060', 60, 'impersonal'],
    ['max-age=99999999999999999999', 2 ** 31, 'impersonal'],
    ['max-age=60, public=1', 60, 'impersonal'],
    ['private, max-age=60', 60, 'private'],
    ['private="x", max-age=60', 60, 'private'],
    ['private=x, public, max-age=60', 60, 'private'],
    ['private, s-maxage=10, max-age=60', 60, 'private'],
  ])('of %o is %i seconds, %s', (cacheControl, ttlSeconds, audience) => {
    expect(read(cacheControl)).toMatchObject({ ttlSeconds, audience });
  });

  it.each([
    [''],
    ['public'],
    ['max-age=0'],
    ['s-maxage=0, max-age=60'],
    ['private, s-maxage=60'],
    ['no-store, max-age=60'],
    ['max-age=60, No-Store'],
    ['no-cache, max-age=60'],
    ['no-cache="x", max-age=60'],
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
    expect(read(cacheControl)).toBeUndefined();
  });

  it('is none without the header, whatever Expires says', () => {
    expect(freshnessOf({ expires: 'Fri, 01 Jan 2100 00:00:00 GMT' })).toBeUndefined();
  });

  it.each([
    ['20', 40],
    ['0', 60],
    ['soon', 60],
  ])('is shorter by an Age of %o', (age, ttlSeconds) => {
    expect(read('max-age=60', { age })).toMatchObject({ ttlSeconds });
  });

  it('is none when the response is as old as it may become', () => {
    expect(read('max-age=60', { age: '60' })).toBeUndefined();
    expect(read('max-age=60', { age: '999999999999999999999' })).toBeUndefined();
  });

  it('has a default only where no lifetime is named, not even badly', () => {
    expect(freshnessOf({}, 30)).toMatchObject({ ttlSeconds: 30, audience: 'impersonal' });
    expect(read('public', {}, 30)).toMatchObject({ ttlSeconds: 30, audience: 'public' });
    expect(read('private', {}, 30)).toMatchObject({ ttlSeconds: 30, audience: 'private' });
    expect(read('', { age: '10' }, 30)).toMatchObject({ ttlSeconds: 20 });
    expect(read('max-age=60', {}, 30)).toMatchObject({ ttlSeconds: 60 });
    for (const named of ['max-age=0', 'max-age=x', 's-maxage=', 'no-store', 'no-cache', 'max-age=1, max-age=2'])
      expect(read(named, {}, 30)).toBeUndefined();
    expect(read('', { expires: '0' }, 30)).toBeUndefined();
  });

  it.each([
    ['max-age=60, stale-while-revalidate=30', 60, 30, 0],
    ['max-age=60, Stale-If-Error=600', 60, 0, 600],
    ['s-maxage=1, stale-while-revalidate=59, stale-if-error=9', 1, 59, 9],
    ['max-age=0, stale-while-revalidate=30', 0, 30, 0],
    ['max-age=60, stale-while-revalidate=soon, stale-if-error', 60, 0, 0],
    ['max-age=60, must-revalidate, stale-while-revalidate=30', 60, 0, 0],
    ['max-age=60, proxy-revalidate, stale-if-error=600', 60, 0, 0],
  ])('of %o is %i seconds, then %i while it is fetched anew and %i when it cannot be', (text, ttl, aging, spare) => {
    expect(read(text)).toMatchObject({
      ttlSeconds: ttl,
      staleWhileRevalidateSeconds: aging,
      staleIfErrorSeconds: spare,
    });
  });

  it('may be over while it is still good for that', () => {
    expect(read('max-age=60, stale-while-revalidate=30', { age: '80' })).toMatchObject({ ttlSeconds: -20 });
    expect(read('max-age=60, stale-while-revalidate=30', { age: '90' })).toBeUndefined();
  });
});
