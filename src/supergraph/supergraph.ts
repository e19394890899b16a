/**
 * The only file, beside `applied-directives.ts` and `repair-planner.ts`, that imports `@apollo/federation-internals` and
 * `@apollo/query-planner`, both pinned to exact versions.
 */
import '../core/quiet-apollo.ts';
import {
  buildSchema,
  DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES,
  errorCauses,
  FeatureUrl,
  FieldDefinition,
  InterfaceType,
  isAbstractType,
  operationFromDocument,
  possibleRuntimeTypes,
  ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
  Supergraph,
} from '@apollo/federation-internals';
import type { CoreFeature, Schema } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { QueryPlan } from '@apollo/query-planner';
import { GraphQLError, Kind, parse, visit } from 'graphql';
import type { ConstDirectiveNode, DocumentNode, GraphQLSchema } from 'graphql';
import { ConfigurationError } from '../core/errors.ts';
import { appliedDirectives } from './applied-directives.ts';
import type { AppliedDirective } from './applied-directives.ts';
import { fieldReads } from './field-reads.ts';
import type { FieldRead } from './field-reads.ts';
import { addPrivateFields } from './private-fields.ts';
import type { PrivateFields } from './private-fields.ts';
import { repairPlanner } from './repair-planner.ts';

export type { FetchDataRewrite, FetchNode, PlanNode, QueryPlan, QueryPlanSelectionNode } from '@apollo/query-planner';

/** A supergraph that may be served, with what the rooms above need of it. */
export interface BuiltSupergraph {
  readonly sdl: string;
  readonly supergraph: Supergraph;
  /** What clients see: without `@inaccessible` elements and federation machinery. */
  readonly apiSchema: GraphQLSchema;
  readonly planner: QueryPlanner;
  /** Fields that only plans know; see `addPrivateFields`. */
  readonly privateFields: PrivateFields;
  /** What fields are computed from, by `Type.field`. */
  readonly fieldReads: ReadonlyMap<string, readonly FieldRead[]>;
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[];
  /**
   * The type names that satisfy a type condition, hidden types included: the type itself and, for an interface or
   * union, its object types.
   */
  readonly possibleTypes: (typeName: string) => ReadonlySet<string>;
  /** Interfaces that are object types in some subgraphs (`@interfaceObject`), with the names of these. */
  readonly interfaceObjects: ReadonlyMap<string, ReadonlySet<string>>;
  /** By `Type` and `Type.field`. */
  readonly protections: ReadonlyMap<string, readonly Protection[]>;
  /** Where `@cost` stands. */
  readonly costs: readonly AppliedDirective[];
  /** Where `@listSize` stands. */
  readonly listSizes: readonly AppliedDirective[];
  /** The names of the features it links. */
  readonly features: readonly string[];
  /** The fields that labels of `@override` move. */
  readonly labelledFields: readonly LabelledField[];
}

/** What `@authenticated`, `@requiresScopes` or `@policy` asks of who wants to see a field or type. */
export interface Protection {
  readonly directive: 'authenticated' | 'requiresScopes' | 'policy';
  /** Scopes or policies: all of one of the lists; `[[]]` for `@authenticated`. */
  readonly anyOf: readonly (readonly string[])[];
}

export interface LabelledField {
  readonly label: string;
  readonly field: string;
  /** Some key, `@requires` or `@fromContext` needs a field of this name, so that plans may need it unasked. */
  readonly needed: boolean;
}

/**
 * Throws ConfigurationError when the text is no valid supergraph, or when it links a feature that Atrium neither
 * executes nor enforces: serving it anyway would answer what its authors meant to protect.
 */
export function buildSupergraph(sdl: string): BuiltSupergraph {
  try {
    const schema = buildSchema(sdl, { validate: false });
    refuseUnenforcedFeatures(schema);
    const supergraph = new Supergraph(schema, supportedFeatures);
    const planned = addPrivateFields(sdl);
    const planner = new QueryPlanner(
      planned.sdl === sdl
        ? supergraph
        : // Not validated again: the fields that private ones stand for may be @external without a use.
          new Supergraph(buildSchema(planned.sdl, { validate: false }), supportedFeatures, false),
      // Their texts would have to be parsed again.
      { exposeDocumentNodeInFetchNode: true },
    );
    return {
      sdl,
      supergraph,
      apiSchema: supergraph.apiSchema().toGraphQLJSSchema(),
      planner,
      privateFields: planned.privateFields,
      fieldReads: fieldReads(sdl),
      subgraphs: supergraph.subgraphsMetadata(),
      possibleTypes: rememberPossibleTypes(schema),
      interfaceObjects: interfaceObjects(supergraph),
      protections: protections(schema),
      costs: appliedDirectives(schema, 'cost', 'cost') ?? [],
      listSizes: appliedDirectives(schema, 'cost', 'listSize') ?? [],
      features: [...(schema.coreFeatures?.allFeatures() ?? [])].map(({ url }) => url.name),
      labelledFields: labelledFields(planner.supergraph.schema),
    };
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const advice = sdl.includes('join__')
      ? ''
      : '. It was not composed; `atrium compose` makes a supergraph of subgraphs';
    throw new ConfigurationError(`The supergraph cannot be used: ${describe(error)}${advice}`, { cause: error });
  }
}

function rememberPossibleTypes(schema: Schema): BuiltSupergraph['possibleTypes'] {
  const known = new Map<string, ReadonlySet<string>>();
  return (typeName) => {
    let names = known.get(typeName);
    if (names === undefined) {
      const type = schema.type(typeName);
      const objects =
        type !== undefined && isAbstractType(type) ? possibleRuntimeTypes(type).map(({ name }) => name) : [];
      names = new Set([typeName, ...objects]);
      known.set(typeName, names);
    }
    return names;
  };
}

function interfaceObjects(supergraph: Supergraph): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const type of supergraph.schema.directive('join__type')?.applications() ?? []) {
    const { isInterfaceObject, graph } = type.arguments();
    if (isInterfaceObject !== true || !(type.parent instanceof InterfaceType)) continue;
    const subgraph = [...supergraph.subgraphNameToGraphEnumValue()].find(([, value]) => value === graph)?.[0];
    if (subgraph === undefined) continue;
    found.set(type.parent.name, (found.get(type.parent.name) ?? new Set()).add(subgraph));
  }
  return found;
}

function protections(schema: Schema): ReadonlyMap<string, readonly Protection[]> {
  const found = new Map<string, Protection[]>();
  for (const directive of securityDirectives) {
    const applied = appliedDirectives(schema, directive, directive);
    if (applied === undefined) throw new ConfigurationError(`@${directive} is linked but not defined.`);
    for (const { coordinate, values } of applied) {
      const names: unknown = directive === 'authenticated' ? [[]] : (values['scopes'] ?? values['policies']);
      if (!isListOfLists(names)) {
        throw new ConfigurationError(`@${directive} at ${coordinate}: expected a list of lists of names.`);
      }
      found.set(coordinate, [...(found.get(coordinate) ?? []), { directive, anyOf: names }]);
    }
  }
  return found;
}

function isListOfLists(value: unknown): value is readonly (readonly string[])[] {
  const isNames = (list: unknown): boolean => Array.isArray(list) && list.every((name) => typeof name === 'string');
  return Array.isArray(value) && value.every(isNames);
}

function labelledFields(schema: Schema): LabelledField[] {
  const applied = (name: string) => [...(schema.directive(name)?.applications() ?? [])];
  const fields = applied('join__field').map((application) => ({ application, values: application.arguments() }));
  if (!fields.some(({ values }) => values['overrideLabel'])) return [];
  const selections = [
    ...applied('join__type').map((application) => application.arguments()['key']),
    ...fields.flatMap(({ values }) => [values['requires'], values['contextArguments']]),
  ];
  const names = new Set(JSON.stringify(selections).match(/\w+/gu));
  return fields.flatMap(({ application: { parent }, values: { overrideLabel: label } }) =>
    typeof label === 'string' && parent instanceof FieldDefinition
      ? [{ label, field: parent.name, needed: names.has(parent.name) }]
      : [],
  );
}

/**
 * The plan of one operation of a document that is valid for the API schema, with fields where `@override` moves them when
 * these of its labels are active. Throws GraphQLError when the operation cannot be found or planned.
 */
export function planOperation(
  built: BuiltSupergraph,
  document: DocumentNode,
  operationName: string | undefined,
  activeLabels: readonly string[] = [],
): QueryPlan {
  const options = operationName === undefined ? {} : { operationName };
  const overrideConditions = new Map(activeLabels.map((label) => [label, true]));
  try {
    const operation = operationFromDocument(built.planner.supergraph.apiSchema(), document, options);
    return built.planner.buildQueryPlan(operation, { overrideConditions });
  } catch (error) {
    if (error instanceof GraphQLError) throw error;
    const originalError = error instanceof Error ? error : new Error(String(error));
    throw new GraphQLError('The operation could not be planned.', { originalError });
  }
}

/**
 * The same supergraph for the stock `ApolloGateway`, which refuses links for a purpose it does not know although
 * Atrium supports them (`@cacheTag`): those links lose their `for:`, everything else stays as it is.
 */
export function forBaseClass(sdl: string): string {
  if (!unknownToBaseClass.some((url) => sdl.includes(url))) return sdl;
  let text = sdl;
  const cuts: { start: number; end: number }[] = [];
  const collect = ({ directives = [] }: { readonly directives?: readonly ConstDirectiveNode[] | undefined }): false => {
    for (const directive of directives) {
      const purpose = directive.arguments?.find((argument) => argument.name.value === 'for');
      if (purpose?.loc && unknownToBaseClass.includes(linkedUrl(directive))) cuts.push(purpose.loc);
    }
    return false;
  };
  visit(parse(sdl), { SchemaDefinition: collect, SchemaExtension: collect });
  for (const { start, end } of cuts.toReversed()) text = text.slice(0, start) + text.slice(end);
  return text;
}

repairPlanner();

const specs = 'https://specs.apollo.dev/';

const securityDirectives = ['authenticated', 'requiresScopes', 'policy'] as const;

const supportedFeatures = new Set(
  [...ROUTER_SUPPORTED_SUPERGRAPH_FEATURES].filter((url) => FeatureUrl.parse(url).identity !== `${specs}connect`),
);

const unknownToBaseClass = [...supportedFeatures].filter((url) => !DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES.has(url));

function refuseUnenforcedFeatures(schema: Schema): void {
  const refused = (schema.coreFeatures?.allFeatures() ?? []).filter(
    ({ url, purpose }) =>
      // Protection is refused in a version that is not known, whatever purpose it is linked for.
      (purpose !== undefined || securityDirectives.some((name) => url.identity === specs + name)) &&
      !supportedFeatures.has(url.base.toString()),
  );
  if (refused.length === 0) return;
  throw new ConfigurationError(
    `The supergraph asks for what Atrium does not support, so serving it would not be safe: ${refused.map(nameOf).join(', ')}. ` +
      'Remove it from the subgraphs and compose again.',
  );
}

/** Such as `@authenticated, here called @signedIn (https://specs.apollo.dev/authenticated/v0.1, for: SECURITY)`. */
function nameOf(feature: CoreFeature): string {
  const name = feature.url.name;
  const nameHere = feature.directiveNameInSchema(name);
  const purpose = feature.purpose === undefined ? '' : `, for: ${feature.purpose}`;
  return `@${name}${nameHere === name ? '' : `, here called @${nameHere}`} (${feature.url.toString()}${purpose})`;
}

function linkedUrl(link: ConstDirectiveNode): string {
  const url = link.arguments?.find(({ name }) => name.value === 'url' || name.value === 'feature')?.value;
  return url?.kind === Kind.STRING ? url.value : '';
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const causes = errorCauses(error) ?? [error];
  return causes
    .map((cause) => {
      const [location] = cause instanceof GraphQLError ? (cause.locations ?? []) : [];
      return location === undefined
        ? cause.message
        : `${cause.message} (line ${location.line}, column ${location.column})`;
    })
    .join('; ');
}
