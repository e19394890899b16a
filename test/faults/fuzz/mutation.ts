import * as fc from 'fast-check';

/** One change to a JSON value, at the so-manieth place of it. */
export type Mutation =
  | { readonly kind: 'replace' | 'add'; readonly at: number; readonly key: string; readonly value: unknown }
  | { readonly kind: 'remove'; readonly at: number };

/** Stands in JSON for text that `JSON.stringify` does not write. */
const raw: Readonly<Record<string, string>> = {
  '@huge': '1e400',
  '@unsafe': '9007199254740993',
  '@precise': '0.1000000000000000055511151231257827',
  '@minus': '-0',
  '@deep': `${'['.repeat(3_000)}${']'.repeat(3_000)}`,
  '@lone': '"\\ud800"',
};

const keys = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '__typename',
  'id',
  'name',
  'rating',
  'then',
  'length',
  '',
  '0',
];

export const strangeKey = fc.oneof(fc.constantFrom(...keys), fc.string());
export const strangeValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 31,
    2 ** 53,
    '',
    '1',
    'NaN',
    [],
    {},
    [[]],
    [null],
    ...Object.keys(raw),
  ),
  fc.constantFrom<unknown>(
    { __typename: 'User', id: '7' },
    { __typename: 'Nobody', id: '1' },
    { __typename: 'Product' },
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('replace' as const, 'add' as const),
      at: fc.nat(200),
      key: strangeKey,
      value: strangeValue,
    }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat(200) }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** A copy of `value` with the changes. */
export function mutated(value: unknown, list: readonly Mutation[]): unknown {
  const root = { value: structuredClone(value) };
  for (const mutation of list) {
    const places = placesOf(root);
    const place = places[mutation.at % places.length];
    if (place === undefined) continue;
    const { holder, key } = place;
    if (mutation.kind === 'remove') Reflect.deleteProperty(holder, key);
    else if (mutation.kind === 'replace') define(holder, key, mutation.value);
    else {
      const inside: unknown = Reflect.get(holder, key);
      if (Array.isArray(inside)) inside.push(structuredClone(mutation.value));
      else define(typeof inside === 'object' && inside !== null ? inside : holder, mutation.key, mutation.value);
    }
  }
  return root.value;
}

/** JSON, with what JSON.stringify would not write. */
export function written(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.replaceAll(/"(@[a-z]+)"/g, (found, name: string) => raw[name] ?? found);
}

interface Place {
  readonly holder: object;
  readonly key: string;
}

function placesOf(holder: object): Place[] {
  return Object.entries(holder).flatMap(([key, value]: [string, unknown]) => [
    { holder, key },
    ...(typeof value === 'object' && value !== null ? placesOf(value) : []),
  ]);
}

/** Also of `__proto__`, which an assignment would take for something else. */
function define(holder: object, key: string, given: unknown): void {
  // The same value may be put into itself later.
  const value: unknown = structuredClone(given);
  if (Array.isArray(holder) && !/^\d{1,3}$/.test(key)) return;
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true });
}
