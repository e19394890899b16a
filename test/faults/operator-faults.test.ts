import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createSigningKey, startIssuerServer } from '../authentication/issuer-server.ts';
import { answerProblems } from './answer-problems.ts';
import { keepsInvariants } from './invariants.ts';
import { openLaboratory } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { healthyAnswer, question } from './shop.ts';

let lab: Laboratory;
afterEach(() => lab.close());
const said = (text: string): number => lab.log.filter(({ message }) => message.includes(text)).length;

describe('a supergraph file', () => {
  const watching = () =>
    openLaboratory(({ folder }) => ({ supergraph: { file: join(folder, 'supergraph.graphql'), watch: true } }));

  it('A20: that becomes what is none changes nothing', async () => {
    lab = await watching();
    const good = await readFile(lab.supergraphFile, 'utf8');
    const broken: readonly (readonly [kind: string, sdl: string])[] = [
      ['empty', ''],
      ['no SDL', '{"data":null}'],
      ['cut short', good.slice(0, good.length / 2)],
      ['a schema without subgraphs', 'type Query { me: String }'],
      [
        'a supergraph with an unknown security feature',
        good.replace('schema', 'schema\n  @link(url: "https://example.test/lock/v1.0", for: SECURITY)'),
      ],
    ];
    for (const [index, [kind, sdl]] of broken.entries()) {
      const answer = await keepsInvariants(lab, async () => {
        await writeFile(lab.supergraphFile, sdl);
        await vi.waitUntil(() => said('was not updated and the one in use stays') > index, { timeout: 5_000 });
        return lab.ask(question);
      });
      expect([kind, answer.body]).toEqual([kind, healthyAnswer]);
    }
    await writeFile(lab.supergraphFile, good.replace('type Query', '"""Again"""\ntype Query'));
    await vi.waitUntil(() => said('The supergraph was updated') === 1, { timeout: 5_000 });
    await keepsInvariants(lab, () => lab.ask(question));
  });

  it('A21: that changes lets requests end on the one they began on', async () => {
    lab = await watching();
    const good = await readFile(lab.supergraphFile, 'utf8');
    const release = Promise.withResolvers<void>();
    lab.subgraphs.reviews.answerWith((response, healthy) => {
      void release.promise.then(() =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(healthy)),
      );
    });
    const answer = await keepsInvariants(lab, async () => {
      const asked = lab.ask(question, { deadlineMs: 20_000 });
      await vi.waitUntil(() => lab.subgraphs.reviews.inFlight === 1, { interval: 2 });
      // Without the field that is being waited for.
      await writeFile(lab.supergraphFile, good.replaceAll(/\n *rating: Float[^\n]*/g, ''));
      await vi.waitUntil(() => said('The supergraph was updated') === 1, { timeout: 5_000 });
      release.resolve();
      const answer = await asked;
      await writeFile(lab.supergraphFile, good);
      await vi.waitUntil(() => said('The supergraph was updated') === 2, { timeout: 5_000 });
      return answer;
    });
    expect(answer.body).toEqual(healthyAnswer);
  });
});

describe('an address in the configuration', () => {
  it('A1: whose name nobody knows leaves the other subgraphs what they are', async () => {
    lab = await openLaboratory(() => ({
      subgraphs: { reviews: { url: 'http://reviews.invalid/graphql', timeoutMs: 1_000 } },
    }));
    const answer = await lab.ask(question);
    expect(answerProblems(answer)).toEqual([]);
    // A resolver may take longer to find out than the subgraph has.
    expect(answer.text).toMatch(/SUBGRAPH_(UNREACHABLE|TIMEOUT)/);
    expect(answer.text).not.toContain('invalid');
    expect(answer.body).toMatchObject({ data: { me: { name: 'Ann' }, top: [{ name: 'Lamp', rating: null }, {}] } });
  });
});

describe('an issuer of tokens', () => {
  it('A30: that is down leaves known keys in use, and who comes with others is refused at once', async () => {
    const issuer = await startIssuerServer();
    onTestFinished(() => issuer.close());
    const [key, unknown] = await Promise.all([createSigningKey('key'), createSigningKey('unknown')]);
    issuer.publish(key);
    lab = await openLaboratory(() => ({
      authentication: { issuers: [{ issuer: issuer.issuer, jwks: issuer.jwksUrl, audiences: ['shop'] }] },
    }));
    const claims = (sub: string) => ({
      iss: issuer.issuer,
      aud: 'shop',
      sub,
      exp: Math.floor(Date.now() / 1_000) + 600,
    });
    const as = async (token: Promise<string>) =>
      lab.ask(question, { headers: { authorization: `Bearer ${await token}` } });
    await as(key.sign(claims('before')));
    for (const down of [
      (response: { destroy(): unknown }) => void response.destroy(),
      (response: { end(text: string): unknown }) => void response.end('<h1>'),
    ]) {
      issuer.answerWith(down);
      const [known, refused] = await keepsInvariants(lab, () =>
        Promise.all([as(key.sign(claims('during'))), as(unknown.sign(claims('during')))]),
      );
      expect(known.body).toEqual(healthyAnswer);
      expect(refused).toMatchObject({ status: 401, body: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } });
    }
  });
});
