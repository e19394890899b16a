import type { GatewayConfig, SupergraphManager } from '@apollo/gateway';

/** Puts `prepare` between whatever supplies the supergraph and the base class, and `takeOver` between it and its updates. */
export function withPreparedSupergraph(
  config: GatewayConfig,
  prepare: (sdl: string) => string,
  takeOver: (sdl: string, update: (sdl: string) => void) => void,
): GatewayConfig {
  if (!('supergraphSdl' in config)) return config;
  const { supergraphSdl: source } = config;
  const manager: SupergraphManager = {
    async initialize(hooks) {
      if (typeof source === 'string') return { supergraphSdl: prepare(source) };
      const update = (sdl: string): void => takeOver(prepare(sdl), (prepared) => hooks.update(prepared));
      const initialize = typeof source === 'function' ? source : source.initialize.bind(source);
      const result = await initialize({ ...hooks, update });
      return { ...result, supergraphSdl: prepare(result.supergraphSdl) };
    },
  };
  return { ...config, supergraphSdl: manager };
}
