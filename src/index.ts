export { createAtrium } from './create-atrium.ts';
export { AtriumGateway } from './gateway.ts';
export { defineConfig } from './config/define-config.ts';
export { parseConfig } from './config/parse-config.ts';
export { allow, and, chain, deny, inputRule, not, or, race, rule, shield } from './authorization/shield.ts';
export { operationLimits } from './limits/operation-limits.ts';
export { listRule } from './authorization/list-rule.ts';
export { ConfigurationError } from './core/errors.ts';

export type { AtriumConfig, AtriumUserConfig } from './config/config.ts';
export type { Logger } from './core/logger.ts';
export type { Principal } from './core/principal.ts';
export type { RequestContext } from './core/request-context.ts';
