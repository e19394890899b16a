import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { RequestError } from '../core/errors.ts';

/** Answers what Node could not read as an HTTP request, or waited for in vain, and ends the connection. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = descriptionOf(error.code);
  const body = new RequestError('BAD_REQUEST', message).toResponseBody();
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function descriptionOf(code: string | undefined): [status: number, message: string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'Expected a whole request in time, got a part of one.'];
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'Expected shorter request headers.'];
  return [400, 'Expected an HTTP/1.1 request, got something else.'];
}
