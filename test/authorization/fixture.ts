import { buildSchema, getVariableValues, Kind, parse, print, validate } from 'graphql';
import type { GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { preFlight } from '../../src/authorization/pre-flight.ts';
import type { PreFlight } from '../../src/authorization/pre-flight.ts';
import { compileRules } from '../../src/authorization/rule-tree.ts';
import { shield } from '../../src/authorization/shield.ts';
import type { RuleTree, ShieldOptions } from '../../src/authorization/shield.ts';
import { silentLogger } from '../../src/core/logger.ts';
import type { Logger } from '../../src/core/logger.ts';

export const accounts = buildSchema(/* GraphQL */ `
  interface Node {
    id: ID!
  }
  interface Secret {
    ssn: String
    owner(of: String): Secret
  }
  union Any = User | Bot
  type User implements Node & Secret {
    id: ID!
    ssn: String
    owner(of: String): User
    email: String
    nickname: String
    reviews: [Review!]!
  }
  type Bot implements Node & Secret {
    id: ID!
    ssn: String
    owner(of: String): Bot
    constructor: String
  }
  type Review {
    id: ID!
    body: String
    secret: String!
    author: User
  }
  enum Role {
    ADMIN
  }
  input Change {
    name: String
  }
  type Query {
    me: User
    user(id: ID!): User
    users(first: Int = 10): [User!]!
    node(id: ID!): Node
    any: Any
    secrets: [Secret]
    reviews: [Review!]!
    search(text: String! = "x"): String
  }
  type Mutation {
    rename(id: ID!, name: String): User
    wipe: Boolean!
  }
`);

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function listeningLogger(): Logger & { readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const keep = (level: string) => (_: object, message: string) => void lines.push({ level, message });
  return { lines, debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}

interface Asking {
  readonly query: string;
  readonly tree: RuleTree;
  readonly options?: ShieldOptions;
  readonly variables?: Record<string, unknown>;
  readonly context?: object;
  readonly schema?: GraphQLSchema;
  readonly logger?: Logger;
}

/** Parses, validates, coerces and runs pre-flight, as the gateway does; the pruned document has to be valid again. */
export async function ask(asking: Asking): Promise<PreFlight & { readonly text: string }> {
  const { query, tree, options, variables = {}, context = {}, schema = accounts, logger = silentLogger } = asking;
  const document = parse(query, { noLocation: true });
  const faults = validate(schema, document);
  if (faults[0] !== undefined) throw faults[0];
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
  );
  if (operation === undefined) throw new Error('expected an operation');
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  if (coerced === undefined) throw errors[0] ?? new Error('expected variables');
  const rules = compileRules(shield(tree, options), schema, logger);
  const result = await preFlight({
    rules,
    schema,
    document,
    operation,
    variables: coerced,
    conditions: '',
    context,
    logger,
  });
  const prunedFaults = validate(schema, result.document);
  if (prunedFaults[0] !== undefined) throw prunedFaults[0];
  return { ...result, text: print(result.document) };
}
