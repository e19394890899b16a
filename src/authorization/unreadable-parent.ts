import type { LeafRule } from './rule-node.ts';

/** What a rule without a fragment read of its parent. */
export interface ParentWatch {
  /** The first member, if any. */
  readFromParent: string | undefined;
}

export class ParentReadError extends Error {}

export function parentReadError(rule: LeafRule, member: string): ParentReadError {
  return new ParentReadError(`rule "${rule.name}" reads parent.${member} but declares no fragment`);
}

/** A parent that notes on the run that it was read. At the root it is empty; elsewhere a read throws. */
export function watchedParent(rule: LeafRule, run: ParentWatch, isRoot: boolean): object {
  return unreadableParent((member) => {
    run.readFromParent ??= member;
    return isRoot ? undefined : parentReadError(rule, member);
  });
}

/** Every read of it is told of, and throws what that answers. */
export function unreadableParent(onRead: (member: string) => Error | undefined): object {
  function read(member: string | symbol): undefined {
    const error = onRead(String(member));
    if (error !== undefined) throw error;
  }
  return new Proxy(
    {},
    {
      get: (_, member) => read(member),
      getOwnPropertyDescriptor: (_, member) => read(member),
      has: (_, member) => read(member) ?? false,
      ownKeys: () => read('*') ?? [],
    },
  );
}
