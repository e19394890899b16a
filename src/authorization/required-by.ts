import { getNamedType, isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLNamedType } from 'graphql';
import { ConfigurationError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { RequestContext } from '../core/request-context.ts';
import type { BuiltSupergraph, Protection } from '../supergraph/supergraph.ts';
import type { Denial, Requirement, RuleNode } from './rule-node.ts';

/** What a name in `@policy` stands for: asked at most once per operation; whatever is not true denies. */
export type Policy = (request: RequestContext) => boolean | Promise<boolean>;

export type Policies = Readonly<Record<string, Policy>>;

type Secured = Pick<BuiltSupergraph, 'apiSchema' | 'protections' | 'possibleTypes'>;

const unauthorized: Denial = { message: 'Unauthorized field or type', code: 'UNAUTHORIZED_FIELD_OR_TYPE' };

/**
 * What `@authenticated`, `@requiresScopes` and `@policy` ask for a field of an object type: its own, its type's and those
 * of the type it returns, all of them. What composition hands up to interfaces is asked of the object types it comes from;
 * only what an interface has beyond that is asked of all its types.
 *
 * @throws ConfigurationError for a policy that is asked for and not there
 */
export function requiredBy(
  { apiSchema, protections, possibleTypes }: Secured,
  policies: Policies,
  logger: Logger,
): (type: string, field: string) => RuleNode | undefined {
  checkPolicies(protections, policies, logger);
  const made = new Map<string, Requirement>();
  const of = (coordinate: string): readonly Protection[] => protections.get(coordinate) ?? [];

  const ofInterface = (name: string, suffix: string): readonly Protection[] => {
    const objects = [...possibleTypes(name)].filter((possible) => possible !== name);
    return of(`${name}${suffix}`).filter((own) => {
      const handedUp = objects.flatMap((object) =>
        of(`${object}${suffix}`).filter(({ directive }) => directive === own.directive),
      );
      return handedUp.length === 0 || !isEqual(own.anyOf, handedUp.map(({ anyOf }) => anyOf).reduce(product));
    });
  };

  const ofType = (type: GraphQLNamedType): readonly Protection[] =>
    isInterfaceType(type) ? ofInterface(type.name, '') : of(type.name);

  const requirementFor = (protection: Protection): Requirement => {
    const name = nameOf(protection);
    const requirement = made.get(name) ?? {
      kind: 'requirement' as const,
      name,
      protection,
      holds: testFor(protection, policies),
      denial: unauthorized,
    };
    made.set(name, requirement);
    return requirement;
  };

  return (typeName, fieldName) => {
    const type = apiSchema.getType(typeName);
    if (!isObjectType(type) || protections.size === 0) return undefined;
    const field = type.getFields()[fieldName];
    const needed = [
      ...of(typeName),
      ...of(`${typeName}.${fieldName}`),
      ...type.getInterfaces().flatMap(({ name }) => [...ofInterface(name, ''), ...ofInterface(name, `.${fieldName}`)]),
      ...(field === undefined ? [] : ofType(getNamedType(field.type))),
    ];
    const [first, ...others] = new Set(needed.map(requirementFor));
    if (first === undefined || others.length === 0) return first;
    return { kind: 'and', rules: [first, ...others] };
  };
}

function checkPolicies(protections: Secured['protections'], policies: Policies, logger: Logger): void {
  const asked = new Map<string, string>();
  for (const [coordinate, here] of protections) {
    for (const { directive, anyOf } of here) {
      if (directive === 'policy') for (const name of anyOf.flat()) asked.set(name, coordinate);
    }
  }
  for (const [name, coordinate] of asked) {
    if (Object.hasOwn(policies, name)) continue;
    throw new ConfigurationError(
      `authorization.policies: expected a function for the policy "${name}", which the supergraph asks for at ${coordinate}, got none.`,
    );
  }
  for (const name of Object.keys(policies)) {
    if (!asked.has(name)) logger.warn({}, `authorization.policies: the supergraph does not ask for "${name}"`);
  }
}

/** Such as `@requiresScopes([["a","b"],["c"]])`. */
function nameOf({ directive, anyOf }: Protection): string {
  return directive === 'authenticated' ? '@authenticated' : `@${directive}(${JSON.stringify(anyOf)})`;
}

function testFor({ directive, anyOf }: Protection, policies: Policies): Requirement['holds'] {
  switch (directive) {
    case 'authenticated':
      return (context) => principalOf(context) !== undefined;
    case 'requiresScopes':
      return (context) => {
        const scopes: unknown = Reflect.get(principalOf(context) ?? {}, 'scopes');
        return Array.isArray(scopes) && anyOf.some((all) => all.every((scope) => scopes.includes(scope)));
      };
    case 'policy':
      return async (context) => {
        for (const all of anyOf) if (await allHold(all, context)) return true;
        return false;
      };
  }

  async function allHold(names: readonly string[], context: object): Promise<boolean> {
    for (const name of names) if ((await answerOf(name, policies[name], context)) !== true) return false;
    return true;
  }
}

/** By the context of an operation, of which evaluation makes its own. */
const answers = new WeakMap<object, Map<string, Promise<unknown>>>();

function answerOf(name: string, policy: Policy | undefined, context: object): Promise<unknown> {
  const known = answers.get(context) ?? new Map<string, Promise<unknown>>();
  answers.set(context, known);
  // What the request carries is typed where requests come in.
  const answer = known.get(name) ?? Promise.try(() => policy?.(context as RequestContext));
  known.set(name, answer);
  return answer;
}

function principalOf(context: object): object | undefined {
  const principal: unknown = Reflect.get(context, 'principal');
  return typeof principal === 'object' && principal !== null ? principal : undefined;
}

type AnyOf = Protection['anyOf'];

function product(one: AnyOf, other: AnyOf): AnyOf {
  return one.flatMap((left) => other.map((right) => [...left, ...right]));
}

function isEqual(one: AnyOf, other: AnyOf): boolean {
  return covers(one, other) && covers(other, one);
}

/** Whether who has all of one of `given` has all of one of `required`. */
export function covers(given: AnyOf, required: AnyOf): boolean {
  return given.every((have) => required.some((need) => need.every((name) => have.includes(name))));
}
