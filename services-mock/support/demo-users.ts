/** Somebody who can get a token; also one of the first customers of the shop. */
export interface DemoUser {
  readonly login: string;
  /** The user's id and the token's `sub`. */
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** Space-separated, as in RFC 8693, section 4.2. */
  readonly scope: string;
}

export const demoUsers: readonly DemoUser[] = [
  { login: 'ann', id: '1', name: 'Ann Archer', roles: ['customer'], scope: 'orders:read orders:write' },
  { login: 'bob', id: '2', name: 'Bob Barlow', roles: ['customer'], scope: 'orders:read orders:write' },
  { login: 'carol', id: '3', name: 'Carol Clay', roles: ['customer'], scope: '' },
  {
    login: 'admin',
    id: '4',
    name: 'Alex Admin',
    roles: ['admin', 'customer'],
    scope: 'orders:read orders:write prices:write',
  },
];
