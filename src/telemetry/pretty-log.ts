import type { Writable } from 'node:stream';
import type { DestinationStream } from 'pino';
import { build } from 'pino-pretty';
import { isJsonObject } from '../core/json.ts';

/** The log for people: one short line a request, and of errors their stacks. On stdout unless told otherwise. */
export function prettyLog(destination?: Writable): DestinationStream {
  return build({
    ...(destination === undefined ? {} : { destination }),
    colorize: destination === undefined && process.stdout.isTTY && process.stdout.hasColors(),
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    hideObject: true,
    sync: true,
    messageFormat: (line) => (line['msg'] === 'request' ? requestText(line) : otherText(line)),
  });
}

/** What is in every line, or in the message. */
const told = ['level', 'time', 'msg', 'err'];

function otherText({ ...line }: Readonly<Record<string, unknown>>): string {
  const { err } = line;
  const fields = Object.entries(line).filter(([name]) => !told.includes(name));
  const stack = isJsonObject(err) ? [`\n${String(err['stack'] ?? err['message'])}`] : [];
  return [String(line['msg']), ...fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`), ...stack].join(
    ' ',
  );
}

function requestText(line: Readonly<Record<string, unknown>>): string {
  const { status, method, path, operation, ms, codes, calls, cacheHits, cacheMisses, source } = line;
  const lookups = Number(cacheHits) + Number(cacheMisses);
  const parts = [
    `${text(status)} ${text(method)} ${text(path)}${typeof operation === 'string' ? ` ${operation}` : ''}`,
    `${text(ms)} ms`,
    ...(Array.isArray(codes) && codes.length > 0 ? [codes.join(' ')] : []),
    ...(typeof source === 'string' ? [`answer ${source}`] : []),
    ...(Array.isArray(calls) ? calls.filter(isJsonObject).map(callText) : []),
    ...(lookups > 0 ? [`cache ${text(cacheHits)} of ${lookups}`] : []),
  ];
  return parts.join(', ');
}

function callText({ subgraph, ms, code }: Readonly<Record<string, unknown>>): string {
  return `${text(subgraph)} ${text(ms)}${typeof code === 'string' ? ` ${code}` : ''}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
