import { z } from 'zod';
import { leastSecretLength } from '../core/verify-request.ts';
import { closestNames } from './closest-names.ts';

// The message of every check is what was expected there; `describeProblems` adds the key and what came.
export const text = (expected: string) => z.string(expected).min(1, expected);
export const httpUrl = z.url({ protocol: /^https?$/, error: 'an http or https URL' });
export const positive = (expected: string, max: number) => z.number(expected).gt(0, expected).max(max, expected);
export const integer = (min: number, max: number) => {
  const expected = `an integer from ${min} to ${max}`;
  return z.int(expected).min(min, expected).max(max, expected);
};
export const flag = z.boolean('true or false');
export const header = 'a header name';
export const headerNames = z.array(
  z
    .string(header)
    .regex(/^[\w.-]+$/, header)
    .toLowerCase(),
  'a list of header names',
);
export const headerName = z.string(header).regex(/^[A-Za-z0-9][\w.-]*$/, header);
export const member = 'one of subject, issuer, roles, scopes or claims.<name>';
export const principalMember = z.string(member).regex(/^(?:subject|issuer|roles|scopes|claims\..+)$/, member);
export const cookieName = 'the name of a cookie';
export const secret = `a text of at least ${leastSecretLength} characters without ","`;
export const explainSecret = `a text of at least ${leastSecretLength} characters`;
export const adminToken = 'a text of at least 16 letters, digits and any of "-._~+/"';
export const workers = 'an integer from 1 to 256 or "auto"';
export const ruleName = 'a name of letters, digits, "_" and "-"';
export const list = <Item extends z.ZodType>(item: Item, expected: string) => z.array(item, expected);
export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, `one of ${values.map((value) => `"${value}"`).join(', ')}`);
export const opaqueObject = <T extends object>(expected: string) =>
  z.custom<T>((value) => (typeof value === 'object' && value !== null) || typeof value === 'function', expected);
export const callback = <T>(expected: string) => z.custom<T>((value) => typeof value === 'function', expected);
export const byName = <Value extends z.ZodType>(value: Value, expected: string) =>
  z.record(text('a name'), value, expected);
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape, expected = 'an object') {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `unknown key${closestNames(key, Object.keys(shape))}`).join('\n')
        : expected,
  });
}

export const redisUrl = z.url({ protocol: /^rediss?$/, error: 'a redis or rediss URL' });
export const proxy = 'an address or a network, such as "10.0.0.0/8"';
export const clientKeys = ['principal', 'apiKey', 'ip', 'global'] as const;
export const limitKey = `one of ${clientKeys.map((key) => `"${key}"`).join(', ')}, or a function`;
export const limitScope = '"request", "operation" or a field, such as "Mutation.login"';
/** setTimeout's longest delay. */
export const longestMs = 2_147_483_647;
export const longestSeconds = 86_400;
export const longestLifetime = 31_536_000;
export const share = z.number('a number from 0 to 1').min(0, 'a number from 0 to 1').max(1, 'a number from 0 to 1');
export const bytes = integer(1, 1_000_000_000_000);
export const count = integer(1, 10_000_000);
export const milliseconds = integer(1, longestMs);
export const lifetime = positive(`a number of seconds over 0 and up to ${longestLifetime}`, longestLifetime);
export const pollSeconds = positive(`a number of seconds over 0 and up to ${longestSeconds}`, longestSeconds);
