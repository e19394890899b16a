import type { AtriumUserConfig } from './config.ts';

/** Gives `gateway.config.ts` its types: `export default defineConfig({ ... })`. Checked when it is loaded. */
export function defineConfig(config: AtriumUserConfig): AtriumUserConfig {
  return config;
}
