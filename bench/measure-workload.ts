import type { Arena, Measured, RunningContestant } from './arena.ts';
import { compareAnswers } from './compare-answers.ts';
import type { Contestant } from './contestants.ts';
import { median } from './statistics.ts';
import type { Workload } from './workloads.ts';

/** Medians over the rounds. */
export interface Figures {
  readonly contestant: string;
  readonly title: string;
  readonly cpuMsPerRequest: number;
  /** The median of the ratios to the hand-written aggregator in the same round; absent without it. */
  readonly timesFloor?: number;
  /** The same for Atrium. */
  readonly timesAtrium?: number;
  readonly callsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly gcMsPerRequest: number;
  readonly majorGcs: number;
  readonly minorGcs: number;
  readonly peakRssMb: number;
  readonly readyMs: number;
  readonly answerBytes: number;
  /** CPU per request of each round, to show how far the machine can be trusted. */
  readonly rounds: readonly number[];
}

export interface Schedule {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
}

/** An end for every load, whatever its time says. */
const maxRequests = 200_000;

/** Of calls whose text no one has sent before, once a contestant is warm. */
const tolerableShare = 0.01;

/** Compares everyone's answers, warms everyone up, then lets them take turns. */
export async function measureWorkload(
  arena: Arena,
  workload: Workload,
  contestants: readonly Contestant[],
  schedule: Schedule,
  say: (text: string) => void,
): Promise<readonly Figures[]> {
  const running: RunningContestant[] = [];
  try {
    for (const contestant of contestants) running.push(await arena.start(contestant, workload));
    const lengths = await compareAnswers(running, workload);
    // Every request has a serial number no other has, on whichever contestant: what is cold once is cold for all.
    let from = 1_000;
    const load = async (one: RunningContestant, seconds: number) => {
      const answerBytes = workload.varies ? undefined : lengths.get(one.contestant.name);
      const measured = await one.load({
        seconds,
        maxRequests,
        from,
        ...(answerBytes !== undefined && { answerBytes }),
      });
      from = measured.next;
      return measured;
    };

    for (const one of running) await load(one, schedule.warmUpSeconds);
    const rounds: Map<string, Measured>[] = [];
    for (let round = 0; round < schedule.rounds; round += 1) {
      const measured = new Map<string, Measured>();
      // Everyone is first once: what the one before leaves behind, such as a warm cache, goes round.
      for (let turn = 0; turn < running.length; turn += 1) {
        const one = running[(round + turn) % running.length];
        if (one === undefined) continue;
        const turned = await load(one, schedule.seconds);
        measured.set(one.contestant.name, turned);
        if (!workload.varies && turned.executedShare > tolerableShare) {
          say(
            `${one.contestant.title}: ${turned.executedShare.toFixed(3)} of its calls were not canned: subgraphs cost`,
          );
        }
      }
      rounds.push(measured);
      say(`${workload.name}, round ${round + 1} of ${schedule.rounds}: ${describe(measured)}`);
    }
    return running.map((one) => figuresOf(one, workload, rounds, lengths.get(one.contestant.name) ?? 0));
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
}

function describe(measured: ReadonlyMap<string, Measured>): string {
  return [...measured].map(([name, { cpuMsPerRequest }]) => `${name} ${cpuMsPerRequest.toFixed(3)}`).join(', ');
}

function figuresOf(
  { contestant, readyMs }: RunningContestant,
  workload: Workload,
  rounds: readonly ReadonlyMap<string, Measured>[],
  answerBytes: number,
): Figures {
  const own = rounds.flatMap((round) => round.get(contestant.name) ?? []);
  const of = (figure: (measured: Measured) => number) => median(own.map(figure));
  const timesFloor = timesThat('floor', contestant.name, rounds);
  const timesAtrium = timesThat('atrium', contestant.name, rounds);
  return {
    contestant: contestant.name,
    title: (contestant.name === 'floor' ? workload.floorTitle : undefined) ?? contestant.title,
    cpuMsPerRequest: of(({ cpuMsPerRequest }) => cpuMsPerRequest),
    ...(timesFloor !== undefined && { timesFloor }),
    ...(timesAtrium !== undefined && { timesAtrium }),
    callsPerRequest: of(({ callsPerRequest }) => callsPerRequest),
    requestsPerSecond: of(({ requests, seconds }) => requests / seconds),
    p50Ms: of(({ p50 }) => p50),
    p99Ms: of(({ p99 }) => p99),
    gcMsPerRequest: of(({ gcMsPerRequest }) => gcMsPerRequest),
    majorGcs: of(({ majorGcs }) => majorGcs),
    minorGcs: of(({ minorGcs }) => minorGcs),
    peakRssMb: Math.max(...own.map(({ usage }) => usage.peakRssBytes)) / 1e6,
    readyMs,
    answerBytes,
    rounds: own.map(({ cpuMsPerRequest }) => cpuMsPerRequest),
  };
}

/** Only what was measured in the same round is compared: the machine has other moods in others. */
function timesThat(base: string, name: string, rounds: readonly ReadonlyMap<string, Measured>[]): number | undefined {
  const ratios = rounds.flatMap((round) => {
    const [one, other] = [round.get(name), round.get(base)];
    return one === undefined || other === undefined ? [] : [one.cpuMsPerRequest / other.cpuMsPerRequest];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}
