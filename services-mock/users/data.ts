import { demoUsers } from '../support/demo-users.ts';
import { createRandom } from '../support/random.ts';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly address: Address;
}

export interface Address {
  readonly street: string;
  readonly postcode: string;
  readonly city: string;
  readonly country: string;
}

export const userCount = 1_000;

/** The users "1" to "1000", the demo users first. */
export function generateUsers(): User[] {
  const random = createRandom(1);
  return Array.from({ length: userCount }, (_, index) => {
    const demoUser = demoUsers[index];
    const name = demoUser?.name ?? `${cyclic(firstNames, index)} ${cyclic(lastNames, Math.floor(index / 40))}`;
    const [city, country] = random.pick(cities);
    return {
      id: String(index + 1),
      name,
      email: `${demoUser?.login ?? name.toLowerCase().replace(' ', '.')}@shop.example`,
      address: {
        street: `${String(random.integer(1, 120))} ${random.pick(streets)}`,
        postcode: String(random.integer(10_000, 99_999)),
        city,
        country,
      },
    };
  });
}

function cyclic(items: readonly string[], index: number): string {
  return items[index % items.length] ?? '';
}

// 40 first names by 25 last names: a thousand people, each name once.
const firstNames =
  'Ada Amir Anna Bea Ben Carl Cleo Dana David Elif Emil Eva Felix Flora Greta Hana Hugo Ida Igor Ines Ivan Jana Joao Karl Lea Leo Lina Luca Maja Mara Max Mila Nils Nora Olga Omar Paula Rosa Sami Tom'.split(
    ' ',
  );
const lastNames =
  'Abel Berg Costa Dahl Engel Fischer Garcia Horvat Ivanova Jansen Keller Lopes Moreau Novak Olsen Petrov Quist Rossi Silva Tanaka Urban Vogel Weber Young Zeman'.split(
    ' ',
  );
const streets = ['Station Road', 'Mill Lane', 'Harbour Street', 'Church Hill', 'Market Square', 'Garden Row'] as const;
const cities: readonly [City, ...City[]] = [
  ['Lisbon', 'PT'],
  ['Ghent', 'BE'],
  ['Graz', 'AT'],
  ['Bergen', 'NO'],
  ['Turin', 'IT'],
  ['Brno', 'CZ'],
  ['Lyon', 'FR'],
  ['Leipzig', 'DE'],
];
type City = readonly [name: string, country: string];
