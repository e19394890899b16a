import type DataLoader from 'dataloader';
import { customerIdOf } from '../support/caller.ts';
import type { Caller } from '../support/caller.ts';
import { connectionOf } from '../support/connection.ts';
import type { Connection, PageArguments } from '../support/connection.ts';
import { badUserInput, notFound } from '../support/errors.ts';
import type { Resolvers } from '../support/subgraph-service.ts';
import type { Address, User } from './data.ts';

export interface UsersContext extends Caller {
  readonly userById: DataLoader<string, User | undefined>;
}

interface UpdateProfileInput {
  readonly name?: string | null;
  readonly email?: string | null;
  readonly address?: Address | null;
}

/** `users` is the table the mutations write to. */
export function createUserResolvers(users: Map<string, User>): Resolvers {
  return {
    Query: {
      me: (_: unknown, __: unknown, { customerId, userById }: UsersContext) =>
        customerId === undefined ? null : userById.load(customerId),
      user: (_: unknown, { id }: { id: string }, { userById }: UsersContext) => userById.load(id),
      users: (_: unknown, page: PageArguments): Connection<User> => connectionOf('User', [...users.values()], page),
    },
    Mutation: {
      updateProfile: (_: unknown, { input }: { input: UpdateProfileInput }, context: UsersContext): User => {
        const user = users.get(customerIdOf(context));
        if (user === undefined) throw notFound('The signed-in customer has no profile');
        const updated = { ...user, ...checkedProfile(input) };
        if ([...users.values()].some(({ id, email }) => email === updated.email && id !== user.id)) {
          throw badUserInput('"email" belongs to another customer');
        }
        users.set(user.id, updated);
        context.userById.clear(user.id);
        return updated;
      },
    },
    User: {
      __resolveReference: ({ id }: { id: string }, { userById }: UsersContext) => userById.load(id),
    },
  };
}

function checkedProfile({ name, email, address }: UpdateProfileInput): Partial<User> {
  const changes: { name?: string; email?: string; address?: Address } = {};
  if (typeof name === 'string') changes.name = checkedText('name', name);
  if (typeof email === 'string') {
    if (!/^[^\s@]{1,64}@[^\s@]{1,190}$/.test(email)) throw badUserInput('"email" must look like ann@shop.example');
    changes.email = email.toLowerCase();
  }
  if (address !== undefined && address !== null) {
    const { street, postcode, city, country } = address;
    if (!/^[A-Z]{2}$/.test(country)) {
      throw badUserInput(`"country" must be two capital letters, for example PT, but got: ${JSON.stringify(country)}`);
    }
    changes.address = {
      street: checkedText('street', street),
      postcode: checkedText('postcode', postcode),
      city: checkedText('city', city),
      country,
    };
  }
  if (Object.keys(changes).length === 0) throw badUserInput('One of "name", "email" and "address" must be given');
  return changes;
}

function checkedText(field: string, text: string): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > 100) {
    throw badUserInput(`"${field}" must have 1 to 100 characters, but got: ${String(trimmed.length)}`);
  }
  return trimmed;
}
