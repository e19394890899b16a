import { z } from 'zod';
import { leastSecretLength } from '../core/verify-request.ts';
import { headerNames, headerName, principalMember, secret, list, section } from './checks.ts';

/** Header names let through; everything else stays at the gateway. */
export const headers = section({
  toSubgraphs: headerNames.default(['authorization']),
  toClients: headerNames.default([]),
  /**
   * Headers that tell subgraphs who asks, by name: `subject`, `issuer`, `roles`, `scopes`, or the name of a claim after
   * `claims.`, such as `{ 'x-user-id': 'subject', 'x-tenant': 'claims.tenant' }`. Clients' own of these names are dropped.
   */
  fromPrincipal: z.record(headerName, principalMember, 'an object of principal members by header name').default({}),
}).prefault({});

/** Requests to subgraphs prove that they come from this gateway; services verify them with `atrium/verify`. */
export const signing = section({
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
}).optional();
