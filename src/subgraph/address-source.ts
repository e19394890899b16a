import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigurationError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { watchFiles } from '../core/watched-files.ts';

/**
 * Where the instances of a subgraph are: origins such as `http://10.0.0.1:4002`; all addresses of the name in its URL,
 * looked up again and again; or a JSON file with a list of origins, read again when it changes.
 */
export type Addresses =
  readonly string[] | { readonly dns: { readonly everySeconds: number } } | { readonly file: string };

/** One instance. */
export interface Location {
  readonly origin: string;
  /** The name to speak to it by, where its origin is an address that DNS gave for one. */
  readonly host?: string | undefined;
}

export interface AddressSource {
  /** What is known now; never empty. */
  readonly first: readonly Location[];
  close(): void;
}

export interface AddressSourceOptions {
  readonly url: string;
  readonly addresses: Addresses | undefined;
  readonly logger: Logger;
  /** Called with the instances whenever they have been looked for again. */
  readonly onChange: (locations: readonly Location[]) => void;
  /** The addresses of a name; for tests. */
  readonly resolve?: ((host: string) => Promise<readonly string[]>) | undefined;
}

const originsSchema = z.array(z.url({ protocol: /^https?$/ })).min(1);

/** @throws ConfigurationError that says why a file is of no use */
export function openAddressSource(options: AddressSourceOptions): AddressSource {
  const { url, addresses } = options;
  const { origin } = new URL(url);
  if (addresses === undefined) return { first: [{ origin }], close: () => {} };
  if ('dns' in addresses) return followDns(options, addresses.dns.everySeconds);
  if ('file' in addresses) return followFile(options, addresses.file);
  return { first: locationsOf(addresses), close: () => {} };
}

function followFile({ logger, onChange }: AddressSourceOptions, file: string): AddressSource {
  let opened = false;
  const read = (): readonly Location[] => {
    const locations = readLocations(file);
    if (opened) onChange(locations);
    return locations;
  };
  const watched = watchFiles([file], read, { what: `addresses in ${file}`, logger });
  opened = true;
  return { first: watched.current(), close: () => watched.close() };
}

function readLocations(file: string): readonly Location[] {
  const problem = (cause?: unknown): ConfigurationError => {
    const expected = 'a JSON list of http or https origins, such as ["http://10.0.0.1:4002"]';
    return new ConfigurationError(
      `expected ${file} to hold ${expected}${cause === undefined ? '' : `: ${messageOf(cause)}`}`,
    );
  };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw problem(error);
  }
  const { data } = originsSchema.safeParse(content);
  if (data === undefined) throw problem();
  return locationsOf(data);
}

function locationsOf(urls: readonly string[]): readonly Location[] {
  return [...new Set(urls.map((url) => new URL(url).origin))].map((origin) => ({ origin }));
}

function followDns(options: AddressSourceOptions, everySeconds: number): AddressSource {
  const { url, logger, onChange, resolve = addressesOf } = options;
  const { protocol, hostname, port, host, origin } = new URL(url);
  let failing = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    try {
      const found = await resolve(hostname.replace(/^\[(.*)\]$/, '$1'));
      if (closed) return;
      const originOf = (address: string): string =>
        `${protocol}//${address.includes(':') ? `[${address}]` : address}${port === '' ? '' : `:${port}`}`;
      const origins = [...new Set(found.map(originOf))].toSorted();
      if (origins.length > 0) onChange(origins.map((one) => ({ origin: one, host })));
      failing = false;
    } catch (error) {
      // What was known last may well be there still.
      if (!failing)
        logger.warn({ host: hostname }, `The addresses of ${hostname} stay as they are: ${messageOf(error)}`);
      failing = true;
    }
    if (!closed) timer = setTimeout(() => void look(), everySeconds * 1_000).unref();
  };
  void look();
  // Until the first look is over the name itself will do.
  return {
    first: [{ origin }],
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
