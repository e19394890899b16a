import { decodeJwt } from 'jose';
import type { IncomingHttpHeaders } from 'node:http';
import { unauthenticated } from './errors.ts';

/** Who asks. */
export interface Caller {
  /** The user's id, undefined for an anonymous client. */
  readonly customerId: string | undefined;
}

/** Reads the `sub` of the bearer token without verifying it: the gateway, which alone may call a service, has. */
export function callerOf(headers: IncomingHttpHeaders): Caller {
  const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) return { customerId: undefined };
  try {
    return { customerId: decodeJwt(token).sub };
  } catch {
    return { customerId: undefined };
  }
}

/** @throws GraphQLError with code UNAUTHENTICATED for an anonymous client. */
export function customerIdOf(caller: Caller): string {
  if (caller.customerId === undefined) throw unauthenticated();
  return caller.customerId;
}
