import { z } from 'zod';
import type { RequestContext } from '../core/request-context.ts';
import {
  text,
  integer,
  flag,
  header,
  cookieName,
  list,
  oneOf,
  opaqueObject,
  callback,
  byName,
  section,
} from './checks.ts';

export const authentication = section({
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
}).optional();

export const authorization = section({
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
}).optional();
