import { BlockList, isIP } from 'node:net';

/** The client's address, from that of the socket and the request's `X-Forwarded-For`. */
export type ClientAddress = (socketAddress: string | undefined, forwardedFor: string | undefined) => string;

/**
 * `trusted` are addresses and networks (`10.0.0.0/8`) of proxies. What they say is read from the right, as each adds whom
 * it heard: the first that is none of them is the client. What clients claim themselves stands further left.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const text of trusted) {
    const [address = '', bits] = text.split('/');
    if (bits === undefined) proxies.addAddress(address, familyOf(address));
    else proxies.addSubnet(address, Number(bits), familyOf(address));
  }
  const isProxy = (address: string) => proxies.check(address.split('%')[0] ?? '', familyOf(address));

  return (socketAddress = '', forwardedFor) => {
    let address = unmapped(socketAddress);
    if (forwardedFor === undefined || trusted.length === 0) return address;
    const heard = forwardedFor.split(',');
    while (isIP(address) !== 0 && isProxy(address)) {
      const before = addressIn(heard.pop());
      if (before === undefined) break;
      address = before;
    }
    return address;
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** An entry of `X-Forwarded-For`; some proxies add the port. undefined for what is no address. */
function addressIn(entry: string | undefined): string | undefined {
  const text = entry?.trim() ?? '';
  const address = isIP(text) === 0 ? text.replace(/^\[(.*)\](:\d+)?$|:\d+$/, '$1') : text;
  return isIP(address) === 0 ? undefined : unmapped(address);
}

/** An IPv4 client of an IPv6 socket has one address, not two. */
function unmapped(address: string): string {
  return /^::ffff:\d/i.test(address) && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
