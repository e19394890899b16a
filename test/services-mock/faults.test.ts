import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { faultsFromEnvironment, installFaults, parseFaults } from '../../services-mock/support/faults.ts';

function createApp() {
  const app = Fastify();
  installFaults(app);
  app.get('/graphql', () => 'answer');
  app.get('/health', () => 'ok');
  return app;
}

describe('the switch for faults', () => {
  it('is off at first', async () => {
    const app = createApp();
    expect((await app.inject('/graphql')).body).toBe('answer');
    expect((await app.inject('/faults')).json()).toEqual({ latencyMs: 0, failureRate: 0, status: 503 });
  });

  it('fails every nth request for certain, and leaves health alone', async () => {
    const app = createApp();
    const put = await app.inject({ method: 'PUT', url: '/faults', payload: { failureRate: 0.25 } });
    expect(put.json()).toEqual({ latencyMs: 0, failureRate: 0.25, status: 503 });
    const statuses: number[] = [];
    for (let request = 0; request < 8; request += 1) {
      statuses.push((await app.inject('/graphql')).statusCode);
      expect((await app.inject('/health')).statusCode).toBe(200);
    }
    expect(statuses).toEqual([200, 200, 200, 503, 200, 200, 200, 503]);
  });

  it('fails always with a status alone, until it is reset', async () => {
    const app = createApp();
    await app.inject({ method: 'PUT', url: '/faults', payload: { status: 500 } });
    expect((await app.inject('/graphql')).statusCode).toBe(500);
    expect((await app.inject('/graphql')).statusCode).toBe(500);
    await app.inject({ method: 'PUT', url: '/faults', payload: {} });
    expect((await app.inject('/graphql')).statusCode).toBe(200);
  });

  it('delays answers', async () => {
    const app = createApp();
    await app.inject({ method: 'PUT', url: '/faults', payload: { latencyMs: 60 } });
    const start = performance.now();
    expect((await app.inject('/graphql')).body).toBe('answer');
    expect(performance.now() - start).toBeGreaterThanOrEqual(55);
  });

  it.each([
    [{ failureRate: 2 }, 'failureRate must be a number from 0 to 1, but got: 2'],
    [{ failureRate: '1' }, 'failureRate must be a number from 0 to 1, but got: "1"'],
    [{ latencyMs: 0.5 }, 'latencyMs must be a whole number from 0 to 600000, but got: 0.5'],
    [{ status: 200 }, 'status must be a whole number from 400 to 599, but got: 200'],
    [{ latency: 1 }, 'Faults are latencyMs, failureRate, status, but got: "latency"'],
  ])('refuses %j and stays as it is', async (payload, error) => {
    const app = createApp();
    const response = await app.inject({ method: 'PUT', url: '/faults', payload });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({ error });
    expect((await app.inject('/graphql')).statusCode).toBe(200);
  });

  it('can be set from the environment', () => {
    expect(faultsFromEnvironment({})).toEqual(parseFaults({}));
    expect(faultsFromEnvironment({ FAULT_LATENCY_MS: '20', FAULT_RATE: '0.5', FAULT_STATUS: '' })).toEqual({
      latencyMs: 20,
      failureRate: 0.5,
      status: 503,
    });
    expect(() => faultsFromEnvironment({ FAULT_RATE: 'often' })).toThrow('failureRate must be a number from 0 to 1');
  });
});
