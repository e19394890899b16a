import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants, createSecureServer } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

/** How far a stream comes: to the request, the head of the answer, or a part of its body. */
type Stage = 'request' | 'head' | 'part';

/** What becomes of one stream, or of the connection it is on. */
export type Http2Fault =
  | { readonly kind: 'none' }
  /** RST_STREAM; the head says how long the body is, unless it is not `measured`. */
  | { readonly kind: 'reset'; readonly after: Stage; readonly code?: number; readonly measured?: false }
  /** Nothing more comes. */
  | { readonly kind: 'stall'; readonly after: Stage }
  /** The connection is closed, with all streams on it. */
  | { readonly kind: 'cut'; readonly after: Stage }
  /** GOAWAY; the stream is answered where the frame says that it was seen, and goes unheard where not. */
  | { readonly kind: 'goaway'; readonly sees: boolean }
  /** GOAWAY with an error, and the connection is closed. */
  | { readonly kind: 'breakdown' };

/** Speaks HTTP/2 over TLS for a server that speaks HTTP/1.1, and does its worst. */
export interface Http2Front {
  readonly url: string;
  /** Whom it speaks for. */
  serve(target: URL): void;
  /** What becomes of the next streams, one by one; those after them are answered. */
  hurtNext(...faults: readonly Http2Fault[]): void;
  /** Streams that stall and that the client has not let go of. */
  readonly stalled: number;
  /** Connections since the start. */
  readonly accepted: number;
  close(): Promise<void>;
}

const pem = (name: string) => readFileSync(join(import.meta.dirname, '../support/tls', `${name}.pem`), 'utf8');
/** What has to be trusted to speak with it. */
export const certificate = pem('certificate');

export async function startHttp2Front(): Promise<Http2Front> {
  const sockets = new Set<Socket>();
  const stalled = new Set<ServerHttp2Stream>();
  let target = new URL('http://127.0.0.1:1');
  let faults: Http2Fault[] = [];
  let accepted = 0;
  const server = createSecureServer({ key: pem('key'), cert: certificate });
  server.on('secureConnection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    answer(stream, String(headers[':path']), faults.shift() ?? { kind: 'none' }).catch(() => stream.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;

  async function answer(stream: ServerHttp2Stream, path: string, fault: Http2Fault): Promise<void> {
    const { session, id = 0 } = stream;
    if (fault.kind === 'breakdown') session?.destroy(undefined, constants.NGHTTP2_INTERNAL_ERROR);
    if (fault.kind === 'goaway') session?.goaway(constants.NGHTTP2_NO_ERROR, fault.sees ? id : id - 2);
    if (fault.kind === 'breakdown' || (fault.kind === 'goaway' && !fault.sees)) return;
    const stage = 'after' in fault ? fault.after : undefined;
    const asked = await buffer(stream);
    if (stage === 'request') return hurt(stream, fault);
    const response = await fetch(new URL(path, target), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: asked,
    });
    const body = Buffer.from(await response.arrayBuffer());
    if (stream.destroyed) return;
    const length = 'measured' in fault ? {} : { 'content-length': body.length };
    stream.respond({ ':status': response.status, 'content-type': 'application/json', ...length });
    if (stage === undefined) return void stream.end(body);
    // The client has it before the fault comes.
    await new Promise((resolve) => stream.write(stage === 'part' ? body.subarray(0, 20) : '', resolve));
    hurt(stream, fault);
  }

  function hurt(stream: ServerHttp2Stream, fault: Http2Fault): void {
    if (fault.kind === 'reset') stream.close(fault.code ?? constants.NGHTTP2_INTERNAL_ERROR);
    if (fault.kind === 'cut') stream.session?.destroy();
    if (fault.kind !== 'stall') return;
    stalled.add(stream);
    stream.on('close', () => stalled.delete(stream));
  }

  return {
    url: `https://127.0.0.1:${port}/graphql`,
    serve(next) {
      target = next;
    },
    hurtNext(...next) {
      faults = [...next];
    },
    get stalled() {
      return stalled.size;
    },
    get accepted() {
      return accepted;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
