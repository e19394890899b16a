import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** Stands between a client and a server, and can behave like a server that hangs or is gone. */
export interface TcpProxy {
  /** The target's address with the proxy's host and port. */
  readonly url: string;
  /** Bytes wait, connections stay open: a stopped process. */
  freeze(): void;
  thaw(): void;
  /** Connections are cut and new ones refused: a dead process. */
  kill(): Promise<void>;
  revive(): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(target: URL): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isFrozen = false;
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;

  async function listen(listenPort: number): Promise<Server> {
    const listening = createServer((client) => {
      const upstream = connect(Number(target.port || 6379), target.hostname);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(from);
        from.on('data', (bytes) => to.write(bytes));
        from.on('error', () => to.destroy());
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
        if (isFrozen) from.pause();
      }
    });
    await once(listening.listen(listenPort, '127.0.0.1'), 'listening');
    return listening;
  }

  async function kill(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    url: url.href,
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    kill,
    async revive() {
      server = await listen(port);
    },
    close: kill,
  };
}
