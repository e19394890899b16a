import type { ApolloServerPlugin } from '@apollo/server';
import { z } from 'zod';
import type { RequestContext } from '../core/request-context.ts';
import { leastSecretLength } from '../core/verify-request.ts';
import { isAddressOrNetwork } from '../core/networks.ts';
import { closestNames } from './closest-names.ts';
import { invalidations } from './invalidation.ts';
import { subgraphDefaults } from './subgraph-defaults.ts';

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

// The message of every check is what was expected there; `describeProblems` adds the key and what came.
const text = (expected: string) => z.string(expected).min(1, expected);
const httpUrl = z.url({ protocol: /^https?$/, error: 'an http or https URL' });
const positive = (expected: string, max: number) => z.number(expected).gt(0, expected).max(max, expected);
const integer = (min: number, max: number) => {
  const expected = `an integer from ${min} to ${max}`;
  return z.int(expected).min(min, expected).max(max, expected);
};
const flag = z.boolean('true or false');
const header = 'a header name';
const headerNames = z.array(
  z
    .string(header)
    .regex(/^[\w.-]+$/, header)
    .toLowerCase(),
  'a list of header names',
);
const headerName = z.string(header).regex(/^[A-Za-z0-9][\w.-]*$/, header);
const member = 'one of subject, issuer, roles, scopes or claims.<name>';
const principalMember = z.string(member).regex(/^(?:subject|issuer|roles|scopes|claims\..+)$/, member);
const cookieName = 'the name of a cookie';
const secret = `a text of at least ${leastSecretLength} characters without ","`;
const explainSecret = `a text of at least ${leastSecretLength} characters`;
const adminToken = 'a text of at least 16 letters, digits and any of "-._~+/"';
const workers = 'an integer from 1 to 256 or "auto"';
const ruleName = 'a name of letters, digits, "_" and "-"';
const list = <Item extends z.ZodType>(item: Item, expected: string) => z.array(item, expected);
const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, `one of ${values.map((value) => `"${value}"`).join(', ')}`);
const opaqueObject = <T extends object>(expected: string) =>
  z.custom<T>((value) => (typeof value === 'object' && value !== null) || typeof value === 'function', expected);
const callback = <T>(expected: string) => z.custom<T>((value) => typeof value === 'function', expected);
const byName = <Value extends z.ZodType>(value: Value, expected: string) => z.record(text('a name'), value, expected);
function section<Shape extends z.core.$ZodLooseShape>(shape: Shape, expected = 'an object') {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `unknown key${closestNames(key, Object.keys(shape))}`).join('\n')
        : expected,
  });
}

const redisUrl = z.url({ protocol: /^rediss?$/, error: 'a redis or rediss URL' });
const proxy = 'an address or a network, such as "10.0.0.0/8"';
const clientKeys = ['principal', 'apiKey', 'ip', 'global'] as const;
const limitKey = `one of ${clientKeys.map((key) => `"${key}"`).join(', ')}, or a function`;
const limitScope = '"request", "operation" or a field, such as "Mutation.login"';
/** setTimeout's longest delay. */
const longestMs = 2_147_483_647;
const longestSeconds = 86_400;
const longestLifetime = 31_536_000;
const share = z.number('a number from 0 to 1').min(0, 'a number from 0 to 1').max(1, 'a number from 0 to 1');
const bytes = integer(1, 1_000_000_000_000);
const count = integer(1, 10_000_000);
const milliseconds = integer(1, longestMs);
const lifetime = positive(`a number of seconds over 0 and up to ${longestLifetime}`, longestLifetime);
const pollSeconds = positive(`a number of seconds over 0 and up to ${longestSeconds}`, longestSeconds);

/** Its combinations are checked by `parseConfig`. */
const supergraph = section(
  {
    /** Path of a composed supergraph schema. */
    file: text('a path').optional(),
    /** With `file`: load it again when it changes. Default true. */
    watch: flag.optional(),
    /** Address a composed supergraph schema is fetched from. */
    url: httpUrl.optional(),
    /** With `url` (default 30) or `services` (default 10): seconds between two looks for a change. */
    pollSeconds: pollSeconds.optional(),
    /** Subgraphs by name, introspected at their addresses and composed by the gateway. */
    services: byName(
      section({ url: httpUrl }),
      'an object of subgraphs by name, such as { users: { url: "…" } }',
    ).optional(),
    /** With `services`: a supergraph file that stands in at start for services that are down. */
    fallback: text('a path').optional(),
    /** With `url` or `services`: a file that the supergraph in use is kept in, and that stands in at start for one that fails. */
    lastGood: text('a path').optional(),
  },
  'one of { file: "…" }, { url: "…" } or { services: { … } }',
);

/** How a subgraph is called; as a default for all, or for one, where what is not said of it is as for all. */
const calls = {
  /** Longest time for one request, answer and further tries included. */
  timeoutMs: milliseconds,
  /** Queries that found no connection, lost it, or were answered 502, 503, 504 (or 429 with `Retry-After`) are sent again. */
  retry: {
    /** How often one is sent at most; 1 never repeats it. */
    maxTries: integer(1, 5),
    /** Share of the requests of the last ten seconds that may be repeated. */
    budgetShare: share,
    /** Repeated beside that, per second. */
    budgetPerSecond: integer(0, 1_000),
  },
  /** An address that fails too often is left alone for a while. */
  breaker: {
    /** Share of failures among the requests of the last ten seconds. */
    failureShare: share,
    /** With fewer requests than this it goes on being asked. */
    minRequests: count,
    /** How long; longer each time it happens again at once, up to fivefold. */
    openMs: milliseconds,
  },
  /** Requests of this process that may be at it at once. */
  maxInFlight: count,
  /** How long another one waits for its turn. */
  queueMs: integer(0, 60_000),
};

export const configSchema = section({
  /** `development` opens introspection, Sandbox and the explorer. Default `production`. */
  mode: oneOf(['production', 'development']).default('production'),
  /** May clients ask for the schema? By default only in development mode. */
  introspection: flag.optional(),
  server: section({
    host: text('a host name or address').default('127.0.0.1'),
    /** 0 takes any free port. */
    port: integer(0, 65_535).default(4000),
    /** Longest request body, after inflating. */
    maxBodyBytes: bytes.default(1_000_000),
    /** How long a client request may take from the first byte to the last; its header `x-request-timeout-ms` may say less. */
    requestTimeoutMs: milliseconds.default(30_000),
    /** How long a stopping gateway goes on as before but for saying that it is not ready, so that nobody sends it more. */
    preStopMs: integer(0, 600_000).default(0),
    /** How long a stopping gateway waits for the requests it has. */
    shutdownMs: milliseconds.default(10_000),
    /** Beyond any of these, requests are refused before they are read, with 503 and `Retry-After`, and `/health/ready` says so. */
    overload: section({
      /** Operations that are being answered. */
      maxInFlight: count.default(1_000),
      /** How late the event loop may be, averaged over about a second. */
      maxEventLoopDelayMs: milliseconds.default(500),
      /** Share of the heap V8 may have. */
      maxHeapShare: share.default(0.9),
    }).prefault({}),
    /** Proxies whose `X-Forwarded-For` is believed: addresses and networks, such as `10.0.0.0/8`. */
    trustedProxies: list(z.string(proxy).refine(isAddressOrNetwork, proxy), 'a list of addresses and networks').default(
      [],
    ),
    /** Processes that `atrium serve` shares the port among; `auto` is one for each processor it may use. */
    workers: z.union([z.int(workers).min(1, workers).max(256, workers), z.literal('auto')], workers).default(1),
    cors: section({
      origins: z.union(
        [z.literal('*'), z.array(text('an origin'))],
        '"*" or a list of origins, such as ["https://shop.example"]',
      ),
      /** May browsers send cookies and authorization? Not together with `origins: '*'`. */
      credentials: flag.default(false),
      /** How long browsers may remember a preflight answer. */
      maxAgeSeconds: integer(0, longestSeconds).default(600),
    }).optional(),
  }).prefault({}),
  /** A listener of its own for operators: invalidation, the supergraph in use, health. */
  admin: section(
    {
      enabled: flag.default(true),
      host: text('a host name or address').default('127.0.0.1'),
      /** 0 takes any free port; without it that is 4010, or any free one when another gateway has that. */
      port: integer(0, 65_535).optional(),
      /** What requests carry as `Authorization: Bearer`. Needed when other machines can reach `host`. */
      token: z
        .string(adminToken)
        .regex(/^[\w.~+/-]{16,}=*$/, adminToken)
        .optional(),
    },
    'an object, such as { enabled: false }',
  ).prefault({}),
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
  /** Settings of single subgraphs, by name. */
  subgraphs: byName(
    section({
      /** Where the subgraph answers, instead of the address in the supergraph. */
      url: httpUrl.optional(),
      /**
       * Where its instances are, when the address in `url` is not the only one: their origins, such as
       * `['http://10.0.0.1:4002', 'http://10.0.0.2:4002']`; a JSON file with such a list, read again when it changes; or all
       * addresses of the name in `url`, looked up again and again.
       */
      addresses: z
        .union(
          [
            z.array(httpUrl).min(1),
            section({ file: text('a path') }),
            section({ dns: section({ everySeconds: integer(1, 3_600).default(10) }) }),
          ],
          'a list of origins, { file: "…" } or { dns: {} }',
        )
        .optional(),
      timeoutMs: calls.timeoutMs.optional(),
      retry: section(calls.retry).partial().optional(),
      breaker: section(calls.breaker).partial().optional(),
      maxInFlight: calls.maxInFlight.optional(),
      queueMs: calls.queueMs.optional(),
      /** Speak HTTP/2 with it where it offers that under `https` (ALPN). Default false. */
      http2: flag.optional(),
      /**
       * Gather entity look-ups of concurrent requests that would be sent with the same headers and variables, and send them in
       * one call. Off by default: each waits up to the window for others.
       */
      batching: section({
        /** Longest wait, in milliseconds; 0 waits for no more than what has arrived already. */
        windowMs: integer(0, 50).default(2),
        /** With so many different entities the call is made at once. */
        maxEntities: integer(1, 10_000).default(200),
      }).optional(),
    }),
    'an object of settings by subgraph name',
  ).prefault({}),
  subgraphDefaults: section({
    timeoutMs: calls.timeoutMs.default(subgraphDefaults.timeoutMs),
    retry: section({
      maxTries: calls.retry.maxTries.default(subgraphDefaults.retry.maxTries),
      budgetShare: calls.retry.budgetShare.default(subgraphDefaults.retry.budgetShare),
      budgetPerSecond: calls.retry.budgetPerSecond.default(subgraphDefaults.retry.budgetPerSecond),
    }).prefault({}),
    breaker: section({
      failureShare: calls.breaker.failureShare.default(subgraphDefaults.breaker.failureShare),
      minRequests: calls.breaker.minRequests.default(subgraphDefaults.breaker.minRequests),
      openMs: calls.breaker.openMs.default(subgraphDefaults.breaker.openMs),
    }).prefault({}),
    maxInFlight: calls.maxInFlight.default(subgraphDefaults.maxInFlight),
    queueMs: calls.queueMs.default(subgraphDefaults.queueMs),
    maxResponseBytes: bytes.default(10_000_000),
  }).prefault({}),
  /** Header names let through; everything else stays at the gateway. */
  headers: section({
    toSubgraphs: headerNames.default(['authorization']),
    toClients: headerNames.default([]),
    /**
     * Headers that tell subgraphs who asks, by name: `subject`, `issuer`, `roles`, `scopes`, or the name of a claim after
     * `claims.`, such as `{ 'x-user-id': 'subject', 'x-tenant': 'claims.tenant' }`. Clients' own of these names are dropped.
     */
    fromPrincipal: z.record(headerName, principalMember, 'an object of principal members by header name').default({}),
  }).prefault({}),
  /** Requests to subgraphs prove that they come from this gateway; services verify them with `atrium/verify`. */
  signing: section({
    /** The first signs. While secrets change there are two, the new one first; services accept either. */
    secrets: list(
      z
        .string(secret)
        .regex(/^[^,]*$/, secret)
        .min(leastSecretLength, secret),
      'a list of secrets',
    )
      .min(1, 'one secret, or two while they change')
      .max(2, 'one secret, or two while they change'),
  }).optional(),
  authentication: section({
    issuers: list(
      section({
        /** The token's `iss`. */
        issuer: text('the value of the claim "iss"').refine(
          (issuer) => issuer !== 'api-key',
          'not the issuer of API keys',
        ),
        /** URL or file of the issuer's public keys (JWKS). */
        jwks: text('a URL or a path'),
        /** Tokens must name one of these in `aud`. */
        audiences: list(text('an audience'), 'a list of audiences').min(1, 'at least one audience'),
        /** JWS algorithms accepted; asymmetric ones by default. */
        algorithms: list(text('an algorithm, such as "ES256"'), 'a list of algorithms')
          .min(1, 'at least one algorithm')
          .optional(),
      }),
      'a list of issuers',
    ).default([]),
    /** Where a browser may keep its token: read when there is no Authorization header. */
    cookie: z
      .string(cookieName)
      .regex(/^[\w!#$%&'*+.^`|~-]+$/, cookieName)
      .optional(),
    apiKeys: section({
      /**
       * JSON: `{ "keys": [{ "sha256": "…", "subject": "…", "roles": [], "scopes": [], "expires": "2030-01-01" }] }`; the
       * last three are optional, a date is the beginning of that day in UTC. `printf %s "$KEY" | sha256sum` makes the
       * hash. Read again when it changes.
       */
      file: text('a path'),
      header: z
        .string(header)
        .regex(/^[\w.-]+$/, header)
        .toLowerCase()
        .default('x-api-key'),
    }).optional(),
    /** Refuse anonymous clients. */
    required: flag.default(false),
    clockToleranceSeconds: integer(0, 3600).default(5),
  }).optional(),
  authorization: section({
    /** A rule tree: what `shield(...)` of `atrium` or `graphql-shield` returns. */
    rules: opaqueObject<object>('a rule tree made by shield(...)').optional(),
    /**
     * What becomes of what is denied. `filter`: null with an error, the rest is answered. `reject`: what is denied before
     * anything is fetched refuses the whole operation. `dryRun`: nothing is denied, the log tells what would have been.
     */
    mode: oneOf(['filter', 'reject', 'dryRun']).default('filter'),
    /** What the supergraph's `@policy` names stand for; each is asked at most once per operation. */
    policies: byName(
      callback<(request: RequestContext) => boolean | Promise<boolean>>('a function'),
      'an object of functions by policy name',
    ).default({}),
    /** Fields, as `Type.field`, that may be seen although they are computed from fields that may not (`@requires`, `@fromContext`). */
    allowTransitive: list(text('a field, such as "User.tax"'), 'a list of fields').default([]),
    /** For whom `atrium validate` prints what they may see, besides the anonymous client and a principal without rights. */
    principals: byName(
      section({
        subject: text('a subject').optional(),
        roles: list(text('a role'), 'a list of roles').default([]),
        scopes: list(text('a scope'), 'a list of scopes').default([]),
        claims: z.record(z.string(), z.unknown(), 'an object of claims').default({}),
      }),
      'an object of principals by name',
    ).default({}),
  }).optional(),
  rateLimit: section({
    rules: list(
      section({
        name: z.string(ruleName).regex(/^[\w-]+$/, ruleName),
        /**
         * Who shares a limit. `principal` counts an anonymous client by its address, `apiKey` only those that sent one. A
         * function gives a text, or null for who is not counted.
         */
        key: z.union([z.enum(clientKeys), callback<(context: RequestContext) => string | null>(limitKey)], limitKey),
        /** What may be charged per window. */
        limit: integer(1, 1_000_000_000),
        windowSeconds: positive(`a number of seconds over 0 and up to ${longestSeconds}`, longestSeconds),
        /** What may be charged at once; `limit` by default. */
        burst: integer(1, 1_000_000_000).optional(),
        /** What is refused: `request` (default) before the body is read, `operation` before it is planned, or a field. */
        scope: z
          .string(limitScope)
          .regex(/^(request|operation|[_A-Za-z]\w*\.[_A-Za-z]\w*)$/, limitScope)
          .optional(),
        /** With scope `operation`: only these. */
        operations: list(oneOf(['query', 'mutation']), 'a list of "query" and "mutation"')
          .min(1, 'at least one kind')
          .optional(),
        /** `request`: one (default). `field`: each call of the scope's field (default there). `cost`: what an operation costs. */
        charge: oneOf(['request', 'field', 'cost']).optional(),
        /** While Redis cannot count: this process does (default), nobody does, or what the rule limits is refused. */
        onError: oneOf(['local', 'open', 'closed']).optional(),
        /** Count, and only log what would have been refused. */
        shadow: flag.optional(),
      }),
      'a list of rules',
    ),
  }).optional(),
  cache: section({
    /** Remember what subgraphs say may be remembered, and for how long: entities one by one, and root fields. */
    entities: section({
      /** Room for the store in this process; with Redis it is not used. */
      maxBytes: bytes.default(67_108_864),
      /** How long to keep what carries no lifetime in Cache-Control; by default it is not kept. */
      ttlSeconds: lifetime.optional(),
      /** Keep that an entity does not exist, at most for so long. By default it is not kept. */
      negativeSeconds: lifetime.optional(),
      /** Settings of single subgraphs, by name. */
      subgraphs: byName(
        section({
          /** false keeps nothing of it. */
          enabled: flag.default(true),
          ttlSeconds: lifetime.optional(),
          /** By type; root fields are those of `Query`. */
          types: byName(section({ ttlSeconds: lifetime }), 'an object of settings by type name').optional(),
        }),
        'an object of settings by subgraph name',
      ).optional(),
      /** With Redis: what this process has seen is not read again for so long, unless it is invalidated. */
      firstLevel: section({
        /** 0 turns it off. */
        maxBytes: integer(0, 1_000_000_000_000).default(16_777_216),
        seconds: positive('a number of seconds over 0 and up to 60', 60).default(2),
      }).prefault({}),
    }).optional(),
    /**
     * What mutations make outdated, by `Mutation.field`, such as `{ 'Mutation.rename': [{ type: 'User', key: { id: '$args.id' } }] }`.
     * Done once the field was answered, before the client is.
     */
    invalidate: byName(invalidations, 'an object of invalidations by mutation field').optional(),
    /**
     * Give the answer to a query again to whoever asks the same in the same scope, which is the principal with all claims,
     * the headers that subgraphs get, and those in `vary`, as long as all subgraphs that had a part in it allow. Rules,
     * policies, plugins and `context` are not asked again.
     */
    answers: section({
      /** Longest time; 0 keeps nothing. */
      maxSeconds: integer(0, longestSeconds).default(60),
      /** Room for answers in this process. */
      maxBytes: bytes.default(67_108_864),
      /** Further headers of clients that rules, policies, plugins or `context` decide by. */
      vary: headerNames.default([]),
      /** Execute equal queries that come at the same time once. */
      shareInFlight: flag.default(true),
    }).optional(),
  }).optional(),
  /** Documents that clients may refer to, or have to use. */
  documents: section({
    /** JSON files: manifests of Apollo, or objects of texts by id as Relay and GraphQL-Codegen write them. Read again when they change. */
    manifest: z
      .union(
        [text('a path'), list(text('a path'), 'a list of paths').min(1, 'at least one path')],
        'a path or a list of paths',
      )
      .transform((given) => [given].flat()),
    /** What is not in the manifest is executed (`off`), executed and told in the log once (`log`), or refused (`enforce`). */
    mode: oneOf(['off', 'log', 'enforce']).default('off'),
  }).optional(),
  /** Shared store of caches and rate limits; without it each process has its own. */
  redis: section({
    url: redisUrl.optional(),
    /** Instead of `url`: some nodes of a Redis Cluster. */
    cluster: list(redisUrl, 'a list of redis or rediss URLs').min(1, 'at least one node').optional(),
    /** Instead of `url`: sentinels, and the name of the primary they watch. */
    sentinel: section({
      name: text('a name'),
      nodes: list(redisUrl, 'a list of redis or rediss URLs').min(1, 'at least one node'),
    }).optional(),
    /** Stronger than those in the first URL. */
    username: text('a name').optional(),
    password: text('a password').optional(),
    /** true, or Node's options of a TLS connection. */
    tls: z.union([z.boolean(), opaqueObject<object>('')], 'true or an object of options').optional(),
    keyPrefix: z.string('a text').default('atrium:'),
    /** Further options of ioredis; those that keep Redis from holding up requests stay as they are. */
    options: opaqueObject<object>('an object of options').optional(),
  }).optional(),
  /**
   * What an operation may be before it is validated, planned or executed. Counts are of a whole document, and a fragment
   * counts wherever it is spread.
   */
  limits: section({
    /** Longest document, in bytes of UTF-8. */
    maxDocumentBytes: bytes.default(100_000),
    /** Longest document, in tokens. */
    maxTokens: count.default(15_000),
    /** Selection sets, lists and objects in a literal, or lists in a type, one in the other; a fragment is a level too. */
    maxDepth: integer(1, 500).default(100),
    /** Fields, inline fragments and fragment spreads. */
    maxSelections: count.default(5_000),
    maxRootFields: count.default(200),
    maxAliases: count.default(200),
    maxDirectives: count.default(500),
    /** Pairs of fields of one response name, or of spreads, in one place of the answer: 400 times one field are 79,800. */
    maxMergePairs: count.default(100_000),
    /**
     * What an operation may cost at most, by `@cost` and `@listSize` of the supergraph and the variables of the request, less
     * what rules deny before anything is fetched. Without it there is no such limit.
     */
    maxCost: integer(1, 1_000_000_000).optional(),
    /** How many items a list is taken to have that says nothing of it by `@listSize`. */
    defaultListSize: integer(0, 1_000_000).default(10),
    /** Tell the cost in `extensions.cost` to who asks with `x-atrium-cost: 1`. By default only in development mode. */
    showCost: flag.optional(),
    /** Values in the variables of a request, lists and objects included. `server.maxBodyBytes` bounds their bytes. */
    maxVariableValues: count.default(50_000),
    /** Lists and objects in a variable, one in the other. */
    maxVariableDepth: integer(1, 200).default(50),
    /** Errors told of variables that do not fit; the next one ends their coercion. */
    maxVariableErrors: integer(1, 1_000).default(50),
  }).prefault({}),
  logging: section({
    level: oneOf(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    /** Lines for people instead of JSON. By default in development mode, when the log goes to a terminal. */
    pretty: flag.optional(),
    /** Fields whose values are replaced by "[redacted]", such as `client` or `err.message`. */
    redact: list(text('the name of a field'), 'a list of names of fields').default([]),
  }).prefault({}),
  /** Who may be told how a request was answered; in development mode everybody. */
  explain: section({
    /** Signs the tokens that `atrium explain --grant` prints. */
    secret: z.string(explainSecret).min(leastSecretLength, explainSecret),
  }).optional(),
  /** Traces and metrics by OpenTelemetry. `/metrics` of the admin listener needs none of it. */
  telemetry: section({
    /** `service.name` of traces and metrics. */
    serviceName: text('a name').default('atrium'),
    /** A collector that takes OTLP over HTTP, in JSON; nothing is exported without. */
    otlp: section({
      /** Without the path: `/v1/traces` and `/v1/metrics` are appended. */
      url: httpUrl,
      /** Sent along, such as a key. */
      headers: z.record(headerName, z.string('a text'), 'an object of headers').default({}),
    }).optional(),
    traces: section({
      enabled: flag.default(true),
      /** Share of the traces that begin here that are recorded; others follow whoever began them. */
      ratio: share.default(0.01),
      /** Requests with errors are recorded in any case. */
      errors: flag.default(true),
      /** Requests that take longer are recorded in any case. */
      slowMs: milliseconds.default(1_000),
    }).prefault({}),
    metrics: section({
      enabled: flag.default(true),
      everySeconds: integer(1, 3_600).default(60),
    }).prefault({}),
  }).prefault({}),
  /** What it returns is merged into the context that rules and plugins see. */
  context: callback<(request: RequestContext) => object | Promise<object>>('a function').optional(),
  plugins: list(opaqueObject<ApolloServerPlugin>('an Apollo Server plugin'), 'a list of Apollo Server plugins').default(
    [],
  ),
});
