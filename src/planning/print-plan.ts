import { parse, print } from 'graphql';
import type { FetchNode, PlanNode, QueryPlan, QueryPlanSelectionNode } from '../supergraph/supergraph.ts';

/** A line of the tree with what hangs below it. */
interface Branch {
  readonly title: string;
  /** Lines that belong to the title. */
  readonly details?: readonly string[];
  readonly children?: readonly Branch[];
}

/** A query plan as a tree for a terminal: what is asked of which subgraph, with which query, and in which order. */
export function printPlan(plan: QueryPlan): string {
  if (plan.node === undefined) return 'Nothing is fetched: the gateway answers this operation by itself.';
  if (plan.node.kind === 'Subscription') return 'A subscription: Atrium does not serve it.';
  return draw(branchOf(plan.node, [])).join('\n');
}

type Path = readonly (string | number)[];

function branchOf(node: PlanNode, path: Path): Branch {
  switch (node.kind) {
    case 'Sequence':
      return { title: 'one after the other', children: node.nodes.map((child) => branchOf(child, path)) };
    case 'Parallel':
      return { title: 'at the same time', children: node.nodes.map((child) => branchOf(child, path)) };
    case 'Flatten':
      return branchOf(node.node, [...path, ...node.path]);
    case 'Fetch':
      return fetchBranch(node, path);
    case 'Condition':
      return {
        title: `by the value of $${node.condition}`,
        children: [...choice('true', node.ifClause, path), ...choice('false', node.elseClause, path)],
      };
    default:
      throw new Error(`The planner makes ${node.kind} nodes only for @defer, which Atrium does not offer`);
  }
}

function choice(value: string, node: PlanNode | undefined, path: Path): Branch[] {
  return node === undefined ? [] : [{ title: `if ${value}`, children: [branchOf(node, path)] }];
}

function fetchBranch(fetch: FetchNode, path: Path): Branch {
  const given = fetch.requires?.map(printSelection).join(' ');
  return {
    title: path.length === 0 ? fetch.serviceName : `${fetch.serviceName} for ${path.join('.')}`,
    details: [...(given === undefined ? [] : [`given ${given}`]), ...print(parse(fetch.operation)).split('\n')],
  };
}

function printSelection(node: QueryPlanSelectionNode): string {
  const selections = node.selections?.map(printSelection).join(' ');
  const name = node.kind === 'Field' ? node.name : (node.typeCondition ?? '');
  return selections === undefined ? name : `${name} { ${selections} }`;
}

function draw({ title, details = [], children = [] }: Branch): string[] {
  const below = children.length > 0 ? '│ ' : '  ';
  return [
    title,
    ...details.map((line) => `${below}${line}`),
    ...children.flatMap((child, index) => {
      const last = index === children.length - 1;
      return draw(child).map((line, row) => `${row === 0 ? (last ? '└─ ' : '├─ ') : last ? '   ' : '│  '}${line}`);
    }),
  ];
}
