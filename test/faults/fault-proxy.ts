import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What becomes of what the target answers, on connections old and new. Bytes are counted from each request on. */
export type Fault =
  | { readonly kind: 'none' }
  /** Nothing listens: open connections are cut, new ones refused. */
  | { readonly kind: 'refuse' }
  /** Requests are taken and nothing comes back. */
  | { readonly kind: 'blackHole' }
  /** The same on the connections there are, without an end: nothing but new ones will ever work. */
  | { readonly kind: 'orphan' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'throttle'; readonly bytes: number; readonly everyMs: number }
  /** Bytes beyond the first so many come with their bits turned round. */
  | { readonly kind: 'corrupt'; readonly after: number }
  /** The connection ends after so many bytes. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Every piece of an answer comes twice. */
  | { readonly kind: 'repeat' }
  /** The connection is reset (RST) before the first byte of an answer, or right after its head. */
  | { readonly kind: 'reset'; readonly after: 'request' | 'head' };

/** Stands in front of one server, and does its worst. */
export interface FaultProxy {
  /** The target's address with the proxy's host and port. */
  readonly url: string;
  become(fault: Fault): Promise<void>;
  /** Open connections that wait for what the proxy holds back: none when whoever asked has let go of them. */
  readonly hurt: number;
  /** Connections since the start. */
  readonly accepted: number;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  answered: number;
  isOrphan: boolean;
  /** A request was swallowed. */
  isStarved: boolean;
  /** Pieces of answers that are held back. */
  held: number;
  /** What is held back is sent in the order it came. */
  queue: Promise<void>;
}

export async function startFaultProxy(target: URL): Promise<FaultProxy> {
  const links = new Set<Link>();
  let fault: Fault = { kind: 'none' };
  let accepted = 0;
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;

  async function listen(wanted: number): Promise<Server> {
    const listening = createServer((client) => {
      accepted += 1;
      const upstream = connect(Number(target.port), target.hostname);
      const link: Link = {
        client,
        upstream,
        answered: 0,
        isOrphan: false,
        isStarved: false,
        held: 0,
        queue: Promise.resolve(),
      };
      links.add(link);
      client.on('data', (bytes) => ask(link, bytesOf(bytes)));
      upstream.on('data', (bytes) => answer(link, bytesOf(bytes)));
      const drop = (): void => {
        links.delete(link);
        client.destroy();
        upstream.destroy();
      };
      for (const socket of [client, upstream]) socket.on('error', drop);
      client.on('close', drop);
      upstream.on('end', () => void link.queue.then(() => client.end()));
    });
    await once(listening.listen(wanted, '127.0.0.1'), 'listening');
    return listening;
  }

  function ask(link: Link, bytes: Buffer): void {
    link.answered = 0;
    if (fault.kind === 'reset' && fault.after === 'request') link.client.resetAndDestroy();
    else if (fault.kind === 'blackHole' || link.isOrphan) link.isStarved = true;
    else link.upstream.write(bytes);
  }

  function answer(link: Link, bytes: Buffer): void {
    const { client } = link;
    const before = link.answered;
    link.answered += bytes.length;
    switch (fault.kind) {
      case 'none':
      case 'orphan':
        return later(link, 0, () => client.write(bytes));
      case 'repeat':
        client.write(Buffer.concat([bytes, bytes]));
        return;
      case 'delay':
        return later(link, fault.ms, () => client.write(bytes));
      case 'throttle':
        for (let at = 0; at < bytes.length; at += fault.bytes) {
          const part = bytes.subarray(at, at + fault.bytes);
          later(link, fault.everyMs, () => client.write(part));
        }
        return;
      case 'corrupt': {
        const { after } = fault;
        client.write(bytes.map((byte, index) => (before + index < after ? byte : byte ^ 0xff)));
        return;
      }
      case 'cut':
        if (before >= fault.after) return;
        if (link.answered < fault.after) client.write(bytes);
        else client.end(bytes.subarray(0, fault.after - before));
        return;
      case 'reset':
        client.write(bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4), () => client.resetAndDestroy());
        return;
      case 'blackHole':
      case 'refuse':
    }
  }

  return {
    url: url.href,
    async become(next) {
      if (next.kind === 'refuse' && server.listening) await shut();
      if (next.kind === 'orphan') for (const link of links) link.isOrphan = true;
      fault = next;
      if (next.kind !== 'refuse' && !server.listening) server = await listen(port);
    },
    get hurt() {
      return [...links].filter(({ isStarved, held }) => isStarved || held > 0).length;
    },
    get accepted() {
      return accepted;
    },
    close: shut,
  };

  async function shut(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const { client, upstream } of links) {
      client.destroy();
      upstream.destroy();
    }
    await closed;
  }
}

function later(link: Link, ms: number, act: () => void): void {
  link.held += 1;
  link.queue = link.queue.then(async () => {
    if (ms > 0 && link.client.writable) await new Promise((resolve) => setTimeout(resolve, ms));
    if (link.client.writable) act();
    link.held -= 1;
  });
}

function bytesOf(data: string | Buffer): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : data;
}
