import type { ApolloServerPlugin } from '@apollo/server';
import type { z } from 'zod';
import type { RequestContext } from '../core/request-context.ts';
import { integer, flag, list, oneOf, opaqueObject, callback, section } from './checks.ts';
import { server, admin } from './server-sections.ts';
import { subgraphs, subgraphDefaults, supergraph } from './subgraph-sections.ts';
import { headers, signing } from './request-sections.ts';
import { authentication, authorization } from './access-sections.ts';
import { rateLimit, limits } from './limit-sections.ts';
import { cache, documents, redis } from './cache-sections.ts';
import { logging, explain, telemetry } from './telemetry-sections.ts';

/** What a user writes in `gateway.config.ts`, or passes to `parseConfig`. */
export type AtriumUserConfig = Omit<z.input<typeof configSchema>, 'supergraph'> & {
  /** Where the supergraph comes from; `--supergraph` replaces it. */
  supergraph?:
    | { file: string; watch?: boolean | undefined }
    | { url: string; pollSeconds?: number | undefined; lastGood?: string | undefined }
    | {
        services: Record<string, { url: string }>;
        pollSeconds?: number | undefined;
        fallback?: string | undefined;
        lastGood?: string | undefined;
      };
};

/** The configuration after `parseConfig`: defaults filled in, paths absolute, environment applied, frozen. */
export type AtriumConfig = Frozen<Omit<ParsedConfig, 'introspection' | 'supergraph' | 'authorization' | 'plugins'>> & {
  readonly introspection: boolean;
  readonly supergraph: Frozen<SupergraphSource>;
  readonly authorization?: Readonly<NonNullable<ParsedConfig['authorization']>>;
  readonly plugins: readonly ApolloServerPlugin[];
  /** Addresses from `ATRIUM_SUBGRAPH_<NAME>_URL`, by `<NAME>`; `subgraphOptions` looks them up. */
  readonly subgraphAddresses: Readonly<Record<string, string>>;
};

export type ParsedConfig = z.output<typeof configSchema>;

/** Where the supergraph comes from: exactly one of a file, a URL, or services to introspect. */
export type SupergraphSource =
  | { file: string; watch: boolean }
  | { url: string; pollSeconds: number; lastGood?: string }
  | { services: Record<string, { url: string }>; pollSeconds: number; fallback?: string; lastGood?: string };

/** Read-only all the way down, optional keys absent instead of undefined. */
export type Frozen<T> = T extends (...parameters: never[]) => unknown
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Frozen<Exclude<T[Key], undefined>> }
      : T;

export const configSchema = section({
  /** `development` opens introspection, Sandbox and the explorer. Default `production`. */
  mode: oneOf(['production', 'development']).default('production'),
  /** May clients ask for the schema? By default only in development mode. */
  introspection: flag.optional(),
  server,
  admin,
  supergraph,
  /** How many of the operations asked most are planned for a new supergraph before it takes over. */
  warmPlans: integer(0, 1_000).default(50),
  /**
   * Is a custom label of `@override(from:, label:)` active for this request? Asked once for each label and request; without
   * it, and where it throws, the label is inactive and the field stays where it was. `percent(n)` labels are not asked
   * about: they are drawn by lot for each request.
   */
  overrideLabels:
    callback<(label: string, request: RequestContext) => boolean | Promise<boolean>>('a function').optional(),
  subgraphs,
  subgraphDefaults,
  headers,
  signing,
  authentication,
  authorization,
  rateLimit,
  cache,
  documents,
  redis,
  limits,
  logging,
  explain,
  telemetry,
  /** What it returns is merged into the context that rules and plugins see. */
  context: callback<(request: RequestContext) => object | Promise<object>>('a function').optional(),
  plugins: list(opaqueObject<ApolloServerPlugin>('an Apollo Server plugin'), 'a list of Apollo Server plugins').default(
    [],
  ),
});
