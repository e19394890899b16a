/** How a subgraph is called of which nothing else is said. */
export const subgraphDefaults = {
  timeoutMs: 10_000,
  http2: false,
  retry: { maxTries: 2, budgetShare: 0.2, budgetPerSecond: 3 },
  breaker: { failureShare: 0.5, minRequests: 20, openMs: 1_000 },
  maxInFlight: 256,
  queueMs: 100,
};
