import { EventEmitter, once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AtriumConfig } from '../../src/config/config.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/logger.ts';
import { createSupergraphManager } from '../../src/supergraph/manager.ts';
import { buildSupergraph } from '../../src/supergraph/supergraph.ts';
import { startServer, startSubgraph } from './http-servers.ts';
import { manualSchedule } from './manual-schedule.ts';
import { federated, supergraphOf } from './sdl.ts';

const settleMs = 100;
const filePollMs = 5_000;

const one = await supergraphOf({ users: federated('type Query { one: Int }') });
const two = await supergraphOf({ users: federated('type Query { two: Int }') });
const broken = 'type Query {';

let folder: string;
const cleanups: (() => Promise<void>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atrium-supergraph-'));
});
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
  await rm(folder, { recursive: true });
});

/** A manager that feeds a gateway which builds what it gets; `updates` are the texts it took. */
async function start(from: AtriumConfig['supergraph'], timeoutMs = 10_000) {
  const timers = manualSchedule();
  const log: string[] = [];
  const offered: string[] = [];
  const updates: string[] = [];
  const events = new EventEmitter();
  const manager = createSupergraphManager(from, { logger: loggerInto(log), schedule: timers.schedule, timeoutMs });
  const { supergraphSdl, cleanup = async () => {} } = await manager.initialize({
    update(sdl) {
      offered.push(sdl);
      buildSupergraph(sdl);
      updates.push(sdl);
      events.emit('update');
    },
    async healthCheck() {},
    getDataSource() {
      throw new Error('a supergraph manager has no need of data sources');
    },
  });
  cleanups.push(cleanup);
  /** The next poll, from the timer to the end of the look. */
  const poll = async (ms: number) => {
    await timers.fire(ms);
    await timers.untilSet(ms);
  };
  return { supergraphSdl, cleanup, poll, timers, log, offered, updates, events };
}

function loggerInto(log: string[]): Logger {
  const at = (level: string) => (_: object, message: string) => void log.push(`${level}: ${message}`);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

describe('a supergraph file', () => {
  const startFile = async (content = one, watch = true) => {
    const file = join(folder, 'supergraph.graphql');
    await writeFile(file, content);
    const gateway = await start({ file, watch });
    if (watch) {
      // The look that always follows the start of a watch, and its end.
      await gateway.timers.fire(settleMs);
      await gateway.poll(filePollMs);
    }
    /** An update that follows a change of the folder, without the help of a poll. */
    const updateByWatch = async () => {
      const updated = once(gateway.events, 'update');
      await gateway.timers.fire(settleMs);
      await updated;
    };
    return { ...gateway, file, updateByWatch };
  };

  it('is what the gateway starts with', async () => {
    const { supergraphSdl, offered } = await startFile();
    expect(supergraphSdl).toBe(one);
    expect(offered).toEqual([]);
  });

  it('is taken again when it is written', async () => {
    const { file, updateByWatch, updates, log } = await startFile();
    await writeFile(file, two);
    await updateByWatch();
    expect(updates).toEqual([two]);
    expect(log).toEqual(['info: The supergraph was updated']);
  });

  it('is taken again when an editor replaces it by another file', async () => {
    const { file, updateByWatch, updates } = await startFile();
    for (const sdl of [two, one]) {
      await writeFile(`${file}~`, sdl);
      await rename(`${file}~`, file);
      await updateByWatch();
    }
    expect(updates).toEqual([two, one]);
  });

  it('is taken again when a link beside it is switched, as in a mounted ConfigMap', async () => {
    await writeFile(join(folder, 'one'), one);
    await writeFile(join(folder, 'two'), two);
    await symlink('one', join(folder, 'data'));
    const file = join(folder, 'linked.graphql');
    await symlink('data', file);
    const { timers, updates, events } = await start({ file, watch: true });
    await timers.fire(settleMs);
    await symlink('two', join(folder, 'next'));
    await rename(join(folder, 'next'), join(folder, 'data'));
    const updated = once(events, 'update');
    await timers.fire(settleMs);
    await updated;
    expect(updates).toEqual([two]);
  });

  it('is found changed by polling where the system reports nothing', async () => {
    const { file, poll, updates } = await startFile();
    writeFileSync(file, two);
    await poll(filePollMs);
    expect(updates).toEqual([two]);
  });

  it('changes once when it is written several times in a row', async () => {
    const { file, updateByWatch, timers, offered } = await startFile();
    for (const sdl of [broken, one, two]) {
      writeFileSync(`${file}~`, sdl);
      renameSync(`${file}~`, file);
    }
    await timers.untilSet(settleMs);
    // The system's other events of the burst arrive with the first.
    await new Promise(setImmediate);
    expect(timers.pending(settleMs)).toBe(1);
    await updateByWatch();
    expect(offered).toEqual([two]);
  });

  it('does not change when it is written with the same text', async () => {
    const { file, timers, poll, offered, log } = await startFile();
    await writeFile(file, one);
    await timers.fire(settleMs);
    await poll(filePollMs);
    expect(offered).toEqual([]);
    expect(log).toEqual([]);
  });

  it('is refused once, in one line, while the old one serves, and taken when it is mended', async () => {
    const { file, poll, offered, updates, log } = await startFile();
    writeFileSync(file, broken);
    await poll(filePollMs);
    await poll(filePollMs);
    expect(offered).toEqual([broken]);
    expect(log).toEqual([
      'error: The supergraph was not updated and the one in use stays: The supergraph cannot be used: ' +
        'Syntax Error: Expected Name, found <EOF>. (line 1, column 13). It was not composed; `atrium compose` makes a supergraph of subgraphs',
    ]);
    writeFileSync(file, two);
    await poll(filePollMs);
    expect(updates).toEqual([two]);
  });

  it('is not taken again when it goes back to what is in use', async () => {
    const { file, poll, offered, log } = await startFile();
    writeFileSync(file, broken);
    await poll(filePollMs);
    writeFileSync(file, one);
    await poll(filePollMs);
    expect(offered).toEqual([broken]);
    expect(log.at(-1)).toBe('info: The source of the supergraph is in order again and holds what is in use');
  });

  it('may vanish without harm', async () => {
    const { file, poll, updates, log } = await startFile();
    await unlink(file);
    await poll(filePollMs);
    expect(log).toEqual([
      `error: The supergraph was not updated and the one in use stays: No supergraph from file ${file}: ENOENT: no such file or directory, open '${file}'`,
    ]);
    await writeFile(file, two);
    await poll(filePollMs);
    expect(updates).toEqual([two]);
  });

  it('stops the start when there is none', async () => {
    const file = join(folder, 'none.graphql');
    const starting = start({ file, watch: true });
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(`No supergraph from file ${file}: ENOENT`);
  });

  it('is read only once when it is not watched', async () => {
    const { timers } = await startFile(one, false);
    expect(timers.pending()).toBe(0);
  });

  it('is left alone after the end', async () => {
    const { cleanup, timers } = await startFile();
    await cleanup();
    expect(timers.pending()).toBe(0);
  });
});

describe('a supergraph from a URL', () => {
  const pollMs = 30_000;
  const startUrl = async (listener: RequestListener) => {
    const { url } = await startServer(listener);
    return start({ url, pollSeconds: 30 });
  };

  it('is taken again when its ETag changed, and not sent again when it did not', async () => {
    let current = { etag: '"1"', sdl: one };
    const answers: [string | undefined, number][] = [];
    const { supergraphSdl, poll, updates } = await startUrl((request, response) => {
      const known = request.headers['if-none-match'];
      response.statusCode = known === current.etag ? 304 : 200;
      answers.push([known, response.statusCode]);
      response.setHeader('etag', current.etag).end(response.statusCode === 200 ? current.sdl : undefined);
    });
    expect(supergraphSdl).toBe(one);
    await poll(pollMs);
    current = { etag: '"2"', sdl: two };
    await poll(pollMs);
    await poll(pollMs);
    expect(answers).toEqual([
      [undefined, 200],
      ['"1"', 304],
      ['"1"', 200],
      ['"2"', 304],
    ]);
    expect(updates).toEqual([two]);
  });

  it('is compared by its text when there is no ETag', async () => {
    let current = one;
    const { poll, offered } = await startUrl((_, response) => response.end(current));
    await poll(pollMs);
    current = two;
    await poll(pollMs);
    await poll(pollMs);
    expect(offered).toEqual([two]);
  });

  it('stays when the URL fails, with one line for each distinct failure', async () => {
    let status = 200;
    const { poll, log, offered } = await startUrl((_, response) => response.writeHead(status).end(one));
    for (status of [500, 500, 302, 200]) await poll(pollMs);
    expect(offered).toEqual([]);
    expect(log.map((line) => line.replace(/127\.0\.0\.1:\d+/, 'HOST'))).toEqual([
      'error: The supergraph was not updated and the one in use stays: No supergraph from http://HOST/graphql: expected status 200, got 500',
      'error: The supergraph was not updated and the one in use stays: No supergraph from http://HOST/graphql: expected status 200, got 302',
      'info: The source of the supergraph is in order again and holds what is in use',
    ]);
  });

  it('stops the start when the URL does not answer as it should', async () => {
    const starting = startUrl((_, response) => response.writeHead(304).end());
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow('expected status 200, got 304');
  });

  it('is not asked for again while an answer is awaited', async () => {
    const asked = Promise.withResolvers<() => void>();
    let requests = 0;
    const { timers, updates } = await startUrl((_, response) => {
      requests += 1;
      if (requests === 1) response.end(one);
      else asked.resolve(() => response.end(two));
    });
    await timers.fire(pollMs);
    const answer = await asked.promise;
    expect(timers.pending()).toBe(0);
    answer();
    await timers.untilSet(pollMs);
    expect(updates).toEqual([two]);
  });

  it('is given up, silently, when the gateway stops while an answer is awaited', async () => {
    const asked = Promise.withResolvers<void>();
    const hungUp = Promise.withResolvers<void>();
    let requests = 0;
    const { timers, cleanup, log, offered } = await startUrl((_, response) => {
      requests += 1;
      if (requests === 1) return response.end(one);
      response.once('close', hungUp.resolve);
      return asked.resolve();
    });
    await timers.fire(pollMs);
    await asked.promise;
    await cleanup();
    await hungUp.promise;
    expect({ log, offered, timers: timers.pending() }).toEqual({ log: [], offered: [], timers: 0 });
  });
});

describe('a supergraph of running services', () => {
  const pollMs = 10_000;
  const users = federated('type Query { me: User }  type User @key(fields: "id") { id: ID! }');
  const usersWithName = users.replace('id: ID! }', 'id: ID! name: String }');
  const ages = federated('type User @key(fields: "id") { id: ID! age: Int }');

  const startServices = async (fallback?: string) => {
    const sdl = { users, ages };
    const servers = { users: await startSubgraph(() => sdl.users), ages: await startSubgraph(() => sdl.ages) };
    const services = { users: { url: servers.users.url }, ages: { url: servers.ages.url } };
    const from = { services, pollSeconds: 10, ...(fallback === undefined ? {} : { fallback }) };
    return { sdl, servers, from };
  };
  const restart = (server: { readonly url: string }, sdl: () => string) =>
    startSubgraph(sdl, Number(new URL(server.url).port));
  const withoutPorts = (lines: readonly string[]) => lines.map((line) => line.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST'));

  it('is composed of what they publish, with their addresses', async () => {
    const { from, servers } = await startServices();
    const { supergraphSdl } = await start(from);
    expect(buildSupergraph(supergraphSdl).subgraphs).toEqual([
      { name: 'ages', url: servers.ages.url },
      { name: 'users', url: servers.users.url },
    ]);
  });

  it('is composed again when one of them changes', async () => {
    const { from, sdl } = await startServices();
    const { poll, offered } = await start(from);
    await poll(pollMs);
    sdl.users = usersWithName;
    await poll(pollMs);
    expect(offered).toEqual([expect.stringContaining('name: String')]);
  });

  it('keeps the last schema of a service that is down, and takes what changes elsewhere', async () => {
    const { from, servers, sdl } = await startServices();
    const { poll, updates, log } = await start(from);
    await servers.ages.close();
    sdl.users = usersWithName;
    await poll(pollMs);
    await poll(pollMs);
    expect(updates).toEqual([expect.stringMatching(/age: Int[^]*name: String/)]);
    await restart(servers.ages, () => ages);
    await poll(pollMs);
    expect(withoutPorts(log)).toEqual([
      'warn: The last known schema of subgraph ages stays in use: subgraph ages at http://HOST/graphql did not tell its schema: connect ECONNREFUSED HOST',
      'info: The supergraph was updated',
      'info: Subgraph ages tells its schema again',
    ]);
  });

  it('stays when the services no longer compose, and the log shows where', async () => {
    const { from, sdl } = await startServices();
    const { poll, offered, log } = await start(from);
    sdl.users = users.replace('id: ID! }', 'id: ID! age: String }');
    await poll(pollMs);
    await poll(pollMs);
    expect(offered).toEqual([]);
    expect(log).toEqual([expect.stringMatching(/^error: .*The subgraphs do not compose:\nFIELD_TYPE_MISMATCH: /)]);
    expect(withoutPorts(log)[0]).toMatch(/in subgraph users, http:\/\/HOST\/graphql:\d+:\d+\n/);
  });

  it('starts with the fallback, as a whole, when a service is down, and moves on when it is up', async () => {
    const fallback = join(folder, 'committed.graphql');
    await writeFile(fallback, one);
    const { from, servers } = await startServices(fallback);
    await servers.ages.close();
    const { supergraphSdl, poll, updates, log } = await start(from);
    expect(supergraphSdl).toBe(one);
    expect(withoutPorts(log)).toEqual([
      `warn: Starting with the supergraph of ${fallback}: Nothing can be composed before every subgraph answered once: subgraph ages at http://HOST/graphql did not tell its schema: connect ECONNREFUSED HOST`,
    ]);
    await poll(pollMs);
    expect(updates).toEqual([]);
    await restart(servers.ages, () => ages);
    await poll(pollMs);
    expect(updates).toEqual([expect.stringContaining('age: Int')]);
  });

  it('stops the start without a fallback, naming every service that is down', async () => {
    const { from, servers } = await startServices();
    await servers.ages.close();
    await servers.users.close();
    const starting = start(from);
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(/subgraph users at .* ECONNREFUSED.*; subgraph ages at .* ECONNREFUSED/);
  });

  it('stops the start when the fallback is missing too, and says both', async () => {
    const { from, servers } = await startServices(join(folder, 'none.graphql'));
    await servers.ages.close();
    await expect(start(from)).rejects.toThrow(/subgraph ages at .* fallback: No supergraph from file .*none\.graphql/);
  });

  it('stops the start when services are up and do not compose, fallback or not', async () => {
    const fallback = join(folder, 'committed.graphql');
    await writeFile(fallback, one);
    const { from, sdl } = await startServices(fallback);
    sdl.ages = users;
    await expect(start(from)).rejects.toThrow('The subgraphs do not compose:\nINVALID_FIELD_SHARING');
  });
});

describe('the supergraph that was in use last', () => {
  const pollMs = 30_000;
  const serve = async (answer: () => { status: number; body: string }) =>
    startServer((_, response) => {
      const { status, body } = answer();
      response.writeHead(status).end(body);
    });

  it('is kept in a file, and stands in at start for a source that is down or has none that is one', async () => {
    const lastGood = join(folder, 'last.graphql');
    const answer = { status: 200, body: one };
    const { url } = await serve(() => answer);
    const from = { url, pollSeconds: 30, lastGood };
    const before = await start(from);
    await before.poll(pollMs);
    expect(await readFile(lastGood, 'utf8')).toBe(one);
    answer.body = two;
    await before.poll(pollMs);
    expect(await readFile(lastGood, 'utf8')).toBe(two);
    answer.body = broken;
    await before.poll(pollMs);
    expect(await readFile(lastGood, 'utf8')).toBe(two);

    answer.status = 500;
    const after = await start(from);
    expect(after.supergraphSdl).toBe(two);
    expect(after.log).toEqual([
      expect.stringMatching(/^warn: Starting with the supergraph that was in use last: No supergraph from .* got 500$/),
    ]);
    [answer.status, answer.body] = [200, one];
    await after.poll(pollMs);
    expect(after.updates).toEqual([one]);
    expect(await readdir(folder)).toEqual(['last.graphql']);

    answer.body = broken;
    expect((await start(from)).supergraphSdl).toBe(one);
  });

  it('is not there the first time: the start says what the source said', async () => {
    const { url } = await serve(() => ({ status: 500, body: '' }));
    await expect(start({ url, pollSeconds: 30, lastGood: join(folder, 'last.graphql') })).rejects.toThrow('got 500');
  });

  it('is warned of once where it cannot be kept, and nothing else comes of that', async () => {
    const answer = { status: 200, body: one };
    const { url } = await serve(() => answer);
    const lastGood = join(folder, 'no-such-folder', 'last.graphql');
    const { poll, updates, log } = await start({ url, pollSeconds: 30, lastGood });
    await poll(pollMs);
    answer.body = two;
    await poll(pollMs);
    expect(updates).toEqual([two]);
    expect(log).toEqual([
      expect.stringMatching(/^warn: The supergraph in use was not kept in .*ENOENT/),
      'info: The supergraph was updated',
    ]);
  });
});
