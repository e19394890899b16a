import { describe, expect, it } from 'vitest';
import { createClientAddress } from '../../src/server/client-address.ts';
import { startFront } from './start-front.ts';

describe('the address of a client', () => {
  const behind = createClientAddress(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']);

  it.each([
    // Nobody is believed but proxies.
    ['198.51.100.7', '203.0.113.9', '198.51.100.7'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '203.0.113.9', '203.0.113.9'],
    // What stands left of the first address that is no proxy, the client may have made up.
    ['10.0.0.1', '10.9.9.9, 203.0.113.9,192.0.2.1 , 10.1.1.1', '203.0.113.9'],
    ['10.0.0.1', '203.0.113.9, not-an-address, 10.1.1.1', '10.1.1.1'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['::ffff:10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8::1', '203.0.113.9:4711', '203.0.113.9'],
    ['2001:db8::1', '[2001:beef::9]:4711', '2001:beef::9'],
    ['2001:db8::1', '[2001:beef::9]', '2001:beef::9'],
    ['fe80::1%eth0', '203.0.113.9', 'fe80::1%eth0'],
    [undefined, '203.0.113.9', ''],
  ])('at socket %s that says %j is %s', (socket, forwardedFor, address) => {
    expect(behind(socket, forwardedFor)).toBe(address);
  });

  it('A27: is that of the socket, whatever is claimed, without proxies in the configuration', async () => {
    const claims = ['203.0.113.1', '203.0.113.2, 127.0.0.1', '127.0.0.1'];
    const seen: Record<string, string[]> = {};
    for (const trustedProxies of [[], ['127.0.0.1']]) {
      await using front = await startFront({ server: { trustedProxies } });
      for (const claim of claims) {
        await front.post({ query: '{ me { id } }' }, { 'x-forwarded-for': claim });
        (seen[String(trustedProxies)] ??= []).push(front.context().clientAddress);
      }
    }
    expect(seen).toEqual({
      '': ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
      '127.0.0.1': ['203.0.113.1', '203.0.113.2', '127.0.0.1'],
    });
  });
});
