import { ConfigurationError } from '../core/errors.ts';
import { closestNames } from './closest-names.ts';
import type { AtriumConfig } from './config.ts';

/** How one subgraph is called. Without `url` the address in the supergraph counts. */
export interface SubgraphOptions {
  readonly url?: string;
  readonly timeoutMs: number;
  readonly http2: boolean;
  readonly batching?: { readonly windowMs: number; readonly maxEntities: number };
}

/** The settings of the subgraph `name`; the environment's address wins over the file's, the file's over a service's. */
export function subgraphOptions(config: AtriumConfig, name: string): SubgraphOptions {
  const own = config.subgraphs[name];
  const service = 'services' in config.supergraph ? config.supergraph.services[name] : undefined;
  const url = config.subgraphAddresses[subgraphVariable(name)] ?? own?.url ?? service?.url;
  return {
    ...(url === undefined ? {} : { url }),
    timeoutMs: own?.timeoutMs ?? config.subgraphDefaults.timeoutMs,
    http2: own?.http2 ?? false,
    ...(own?.batching === undefined ? {} : { batching: own.batching }),
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
