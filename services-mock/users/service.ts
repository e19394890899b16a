import DataLoader from 'dataloader';
import type { RunningService } from '../support/listen.ts';
import { callerOf } from '../support/caller.ts';
import { startSubgraph } from '../support/start-subgraph.ts';
import type { SubgraphOptions } from '../support/start-subgraph.ts';
import { loadSubgraphSchema } from '../support/subgraph-service.ts';
import type { SubgraphService } from '../support/subgraph-service.ts';
import { generateUsers } from './data.ts';
import type { User } from './data.ts';
import { createUserResolvers } from './resolvers.ts';
import type { UsersContext } from './resolvers.ts';

/** The subgraph `users` with fresh data. */
export function createUsersService(): SubgraphService<UsersContext> {
  const users = new Map<string, User>(generateUsers().map((user) => [user.id, user]));
  return {
    name: 'users',
    schema: loadSubgraphSchema('users', createUserResolvers(users)),
    createContext: (headers) => ({
      ...callerOf(headers),
      userById: new DataLoader(async (ids) => ids.map((id) => users.get(id))),
    }),
  };
}

export function startUsers(options: SubgraphOptions): Promise<RunningService> {
  return startSubgraph(createUsersService(), options);
}
