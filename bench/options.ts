import { parseArgs } from 'node:util';
import { contestantNames } from './contestants.ts';
import type { ContestantName } from './contestants.ts';
import { workloadNames } from './workloads.ts';
import type { WorkloadName } from './workloads.ts';

export interface BenchOptions {
  readonly workloads: readonly WorkloadName[];
  readonly contestants: readonly ContestantName[];
  /** Folder of another checkout of Atrium to measure beside this one. */
  readonly against: string | undefined;
  /** Of load, per contestant and round. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
  /** Seconds of load on end, watched for drift, in place of rounds. */
  readonly soak: number | undefined;
  /** What it costs to start, in place of load. */
  readonly start: boolean;
  /** What planning costs beside Apollo's planner alone, in place of load. */
  readonly planning: boolean;
  /** What is noticed of faults of a subgraph, in place of load. */
  readonly faults: boolean;
  /** What limits and caches on Redis cost, in place of load. */
  readonly redis: boolean;
  /** What it costs to tell what is done, in place of other gateways. */
  readonly telemetry: boolean;
  /** Where results are written; undefined writes none. */
  readonly out: string | undefined;
}

export const help = `Measures Atrium against a hand-written aggregator and other gateways.

Usage: npm run bench -- [flags]

  --workload a,b     ${workloadNames.join(', ')} (default: all)
  --contestant x,y   ${contestantNames.join(', ')} (default: all that are installed)
  --against DIR      also measures the Atrium of another checkout, so that a change is compared within one run
  --seconds N        of load per contestant and round (default: 4)
  --warm-up N        seconds of load before the first round (default: 4)
  --rounds N         in which the contestants take turns (default: 3)
  --quick            one round of 1 s after 0.5 s of warm-up
  --soak N           N seconds of load on end for each contestant, watched for drift of GC, memory and CPU
  --start            what it costs to load a small and a large supergraph and to be ready, in place of load
  --planning         CPU of planning and compiling cold operations beside Apollo's planner alone, in this process
  --faults           what clients and subgraphs notice of faults of one subgraph, beside @apollo/gateway, in place of load
  --redis            what limits and caches on Redis cost, and what is noticed when it stops, in place of load
  --telemetry        this Atrium with log, metrics and traces of 1 % beside one without, in place of other gateways
  --out FILE         where the figures are written (default: bench/results/latest.json for a run of everything)`;

/** @throws Error that says which flag is wrong. */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workload: { type: 'string' },
      contestant: { type: 'string' },
      against: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      soak: { type: 'string' },
      start: { type: 'boolean', default: false },
      planning: { type: 'boolean', default: false },
      redis: { type: 'boolean', default: false },
      faults: { type: 'boolean', default: false },
      telemetry: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const others = [values.start, values.planning, values.redis, values.faults, values.telemetry];
  const load = values.soak === undefined && !others.includes(true);
  const everything = load && values.workload === undefined && values.contestant === undefined;
  const standard = everything && !values.quick ? 'bench/results/latest.json' : undefined;
  return {
    workloads: namesOf('--workload', values.workload, workloadNames),
    contestants: namesOf('--contestant', values.contestant, contestantNames),
    against: values.against,
    seconds: numberOf('--seconds', values.seconds, values.quick ? 1 : 4),
    warmUpSeconds: numberOf('--warm-up', values['warm-up'], values.quick ? 0.5 : 4),
    rounds: numberOf('--rounds', values.rounds, values.quick ? 1 : 3),
    soak: values.soak === undefined ? undefined : numberOf('--soak', values.soak, 60),
    start: values.start,
    planning: values.planning,
    redis: values.redis,
    faults: values.faults,
    telemetry: values.telemetry,
    out: values.out ?? standard,
  };
}

function namesOf<Name extends string>(flag: string, text: string | undefined, known: readonly Name[]): Name[] {
  if (text === undefined) return [...known];
  const wanted = text.split(',');
  const unknown = wanted.filter((name) => !known.some((other) => other === name));
  if (unknown.length > 0) throw new Error(`${flag} expects names of ${known.join(', ')}, got ${unknown.join(', ')}`);
  return known.filter((name) => wanted.includes(name));
}

const mostSeconds = 3_600;

function numberOf(flag: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  const value = Number(text);
  if (!(value > 0 && value <= mostSeconds))
    throw new Error(`${flag} expects a number up to ${mostSeconds}, got ${text}`);
  return value;
}
