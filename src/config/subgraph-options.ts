import { ConfigurationError } from '../core/errors.ts';
import { closestNames } from './closest-names.ts';
import type { AtriumConfig } from './config.ts';

type OwnSettings = AtriumConfig['subgraphs'][string];

/** How one subgraph is called. Without `url` the address in the supergraph counts. */
export type SubgraphOptions = Pick<OwnSettings, 'url' | 'addresses' | 'batching'> &
  Required<Pick<OwnSettings, 'http2'>> &
  Omit<AtriumConfig['subgraphDefaults'], 'maxResponseBytes'>;

/** The settings of the subgraph `name`; the environment's address wins over the file's, the file's over a service's. */
export function subgraphOptions(config: AtriumConfig, name: string): SubgraphOptions {
  const { url: ownUrl, addresses, retry, breaker, ...own } = config.subgraphs[name] ?? {};
  const { maxResponseBytes: _, ...defaults } = config.subgraphDefaults;
  const service = 'services' in config.supergraph ? config.supergraph.services[name] : undefined;
  const override = config.subgraphAddresses[subgraphVariable(name)];
  const url = override ?? ownUrl ?? service?.url;
  return {
    http2: false,
    ...defaults,
    ...own,
    retry: { ...defaults.retry, ...retry },
    breaker: { ...defaults.breaker, ...breaker },
    ...(url === undefined ? {} : { url }),
    // The instances of one address are none of another one.
    ...(addresses === undefined || override !== undefined ? {} : { addresses }),
  };
}

/** The `<NAME>` of `ATRIUM_SUBGRAPH_<NAME>_URL`. */
export function subgraphVariable(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

/** Settings of subgraphs that do not exist would be without effect. Throws ConfigurationError. */
export function checkSubgraphNames(config: AtriumConfig, known: readonly string[]): void {
  const settings = Object.keys(config.subgraphs).filter((name) => !known.includes(name));
  const variables = Object.keys(config.subgraphAddresses).filter((name) => !known.map(subgraphVariable).includes(name));
  const problems = [
    ...settings.map((name) => `subgraphs.${name}: no such subgraph in the supergraph${closestNames(name, known)}`),
    ...variables.map((name) => `ATRIUM_SUBGRAPH_${name}_URL: no such subgraph in the supergraph`),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
}
