/**
 * Loaded before a program with `--import`: writes every address it wants to reach, and every name it wants to resolve,
 * to the file ATRIUM_TEST_CONNECTIONS, a line each. What waits for a random time before it reports is not waited for.
 */
import dgram from 'node:dgram';
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const file = process.env['ATRIUM_TEST_CONNECTIONS'] ?? '';
Math.random = () => 0;

// `net.connect` passes its parameters as one array.
watch(net.Socket.prototype, 'connect', ([first, second]) => {
  const target: unknown = Array.isArray(first) ? first[0] : first;
  const options = typeof target === 'object' && target !== null ? target : { port: target, host: second };
  const [path, host = 'localhost', port] = ['path', 'host', 'port'].map((name) => textOf(Reflect.get(options, name)));
  return path ?? `${host}:${port}`;
});
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
  watch(dns, name, ([host]) => `name ${String(host)}`);
  watch(dns.promises, name, ([host]) => `name ${String(host)}`);
}
watch(dgram.Socket.prototype, 'send', () => 'a datagram');
syncBuiltinESMExports();

function watch(owner: object, name: string, describe: (parameters: readonly unknown[]) => string): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') throw new Error(`expected a function ${name}`);
  Reflect.set(owner, name, function (this: unknown, ...parameters: unknown[]): unknown {
    appendFileSync(file, `${describe(parameters)}\n`);
    return Reflect.apply(original, this, parameters);
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
