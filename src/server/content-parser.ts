import type { IncomingHttpHeaders } from 'node:http';
import { finished } from 'node:stream';
import type { Duplex, Readable } from 'node:stream';
import { MIMEType } from 'node:util';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { RequestError } from '../core/errors.ts';

const decoders: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The text of a JSON request body, inflated (RFC 9110, section 8.4.1) and decoded. Never holds more than `maxBytes` of
 * the inflated body: what is longer is refused as soon as it is, with the rest neither inflated nor kept.
 * @throws RequestError 400, 413 or 415
 */
export async function readBody(headers: IncomingHttpHeaders, payload: Readable, maxBytes: number): Promise<string> {
  requireJson(headers['content-type']);
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (Number(headers['content-length']) > maxBytes) throw tooLarge(maxBytes);
  const body = encoding === 'identity' ? await collect(payload, maxBytes) : await inflate(payload, encoding, maxBytes);
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new RequestError('BAD_REQUEST', 'Expected the body to be UTF-8, got bytes that are not.', { cause });
  }
}

function requireJson(contentType: string | undefined): void {
  if (contentType === 'application/json') return;
  const type = contentType === undefined ? null : parseMediaType(contentType);
  if (type === null || type.essence !== 'application/json') {
    throw unsupported(`Expected content-type application/json, got ${quoted(contentType)}.`);
  }
  const charset = type.params.get('charset')?.toLowerCase() ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8') {
    throw unsupported(`Expected the charset of the body to be utf-8, got ${quoted(charset)}.`);
  }
}

function parseMediaType(text: string): MIMEType | null {
  try {
    return new MIMEType(text);
  } catch {
    return null;
  }
}

/** The received bytes are limited too: a gzip stream may go on for ever and inflate to nothing. */
async function inflate(payload: Readable, encoding: string, maxBytes: number): Promise<Buffer> {
  const createDecoder = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (createDecoder === undefined) {
    throw unsupported(`Expected content-encoding gzip, deflate or br, got ${quoted(encoding)}.`, {
      'accept-encoding': Object.keys(decoders).join(', '),
    });
  }
  const decoder = createDecoder();
  let received = 0;
  const count = (chunk: Buffer) => {
    received += chunk.length;
    if (received > maxBytes) decoder.destroy(tooLarge(maxBytes));
  };
  const forget = finished(payload, { writable: false }, (error) => {
    if (error) decoder.destroy(error);
  });
  payload.on('data', count);
  payload.pipe(decoder);
  try {
    return await collect(decoder, maxBytes);
  } catch (cause) {
    if (cause instanceof RequestError && cause.code !== 'BAD_REQUEST') throw cause;
    throw new RequestError('BAD_REQUEST', `Expected a body in ${encoding}, got bytes that are not.`, { cause });
  } finally {
    forget();
    payload.off('data', count);
    payload.unpipe(decoder);
    decoder.destroy();
  }
}

/** By events: an async iterator would destroy the socket under the refusal, and costs more. */
function collect(source: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      source.off('data', onData);
      reject(tooLarge(maxBytes));
    };
    const onBroken = (cause?: unknown) => {
      const message = 'Expected a whole body, but the connection ended before it did.';
      reject(cause instanceof RequestError ? cause : new RequestError('BAD_REQUEST', message, { cause }));
    };
    source.on('data', onData);
    source.once('end', () => {
      source.off('error', onBroken).off('close', onBroken);
      resolve(Buffer.concat(chunks, size));
    });
    source.once('error', onBroken);
    source.once('close', onBroken);
  });
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError('PAYLOAD_TOO_LARGE', `Expected a body of at most ${maxBytes} bytes, got a longer one.`);
}

function unsupported(message: string, headers: Record<string, string> = {}): RequestError {
  return new RequestError('UNSUPPORTED_MEDIA_TYPE', message, { headers });
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'none' : `"${text.slice(0, 100)}"`;
}
