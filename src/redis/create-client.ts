import { Cluster, Redis } from 'ioredis';
import type { ClusterOptions } from 'ioredis';

export type RedisClient = Redis | Cluster;

/** Where Redis is and how it is entered: exactly one of `url`, `cluster` and `sentinel`. */
export interface RedisAccess {
  /** `redis://` or `rediss://`, as all addresses here. */
  readonly url?: string | undefined;
  /** Some nodes of a Redis Cluster; they tell of the others. */
  readonly cluster?: readonly string[] | undefined;
  /** The name of the primary and the sentinels that know where it is. */
  readonly sentinel?: { readonly name: string; readonly nodes: readonly string[] } | undefined;
  /** Instead of those in the first address. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** true, or Node's options of a TLS connection; `rediss://` is the same as true. */
  readonly tls?: boolean | object | undefined;
  /** Stands before every key, so that several gateways can share one Redis. */
  readonly keyPrefix: string;
  /** Options of ioredis: for a Cluster its `ClusterOptions`. What the gateway sets itself stays as it is. */
  readonly options?: object | undefined;
}

/** Delay before the next attempt to connect, in milliseconds. */
const retryStrategy = (attempt: number): number => Math.min(1000, 25 * 2 ** attempt) * (0.5 + Math.random() / 2);

/** One more with the same settings, not connected yet. */
export function duplicateClient(client: RedisClient): RedisClient {
  return client instanceof Cluster ? client.duplicate() : client.duplicate();
}

/** Not connected yet. */
export function createClient(access: RedisAccess, reconnectOnError: (error: Error) => boolean): RedisClient {
  const { keyPrefix, cluster, sentinel, options } = access;
  const nodes = (cluster ?? sentinel?.nodes ?? [access.url ?? '']).map((address) => new URL(address));
  const [first] = nodes;
  const isTls = first?.protocol === 'rediss:';
  const tls = typeof access.tls === 'object' ? access.tls : access.tls === true || isTls ? {} : undefined;
  const inAddress = { username: credential(first?.username), password: credential(first?.password) };
  const credentials =
    sentinel === undefined
      ? { username: access.username ?? inAddress.username, password: access.password ?? inAddress.password }
      : { username: access.username, password: access.password };

  const ofNode = {
    ...(tls && { tls }),
    ...credentials,
    connectTimeout: 1000,
    // A server that stopped answering is cut off, or its connection would gather commands for ever.
    socketTimeout: 250,
    maxRetriesPerRequest: 0,
    // The default sends what was in flight a second time after a reconnect.
    autoResendUnfulfilledCommands: false,
    // Its replies cost a third less to read than those of RESP3, and nothing here needs what that has more.
    protocol: 2 as const,
    replyMapping: 'legacy' as const,
    reconnectOnError,
  };
  const ofClient = { keyPrefix, lazyConnect: true, enableOfflineQueue: false };
  if (cluster !== undefined) {
    const given: ClusterOptions = { ...options };
    const client = new Cluster(nodes.map(hostAndPort), {
      ...given,
      ...ofClient,
      clusterRetryStrategy: retryStrategy,
      // By default a lost node is forgotten, and each command for it asks another one where it is.
      clusterNodeRetryStrategy: retryStrategy,
      // Whoever waits has 50 ms: what one more attempt cannot save fails at once.
      maxRedirections: 3,
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      retryDelayOnTryAgain: 10,
      redisOptions: { ...given.redisOptions, ...ofNode },
    });
    // Else the first command would connect it, and all that come meanwhile fail.
    client.on('+node', (node: Redis) => void (node.options.readOnly || node.connect().catch(() => {})));
    // Another node may have taken its place.
    client.on('node error', () => client.refreshSlotsCache());
    return client;
  }
  const own = { ...options, ...ofNode, ...ofClient, retryStrategy };
  if (sentinel === undefined) {
    const db = first?.pathname.slice(1) ?? '';
    return new Redis({ ...own, ...(first && hostAndPort(first)), ...(db === '' ? {} : { db: Number(db) }) });
  }
  return new Redis({
    ...own,
    name: sentinel.name,
    sentinels: nodes.map(hostAndPort),
    ...(inAddress.password !== undefined && {
      sentinelUsername: inAddress.username,
      sentinelPassword: inAddress.password,
    }),
    ...(isTls && tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    // A sentinel that hangs is passed over.
    sentinelCommandTimeout: 1000,
  });
}

/** Of a Cluster: to every primary that is known. */
export function isConnected(client: RedisClient): boolean {
  const nodes = client instanceof Cluster ? [client, ...client.nodes('master')] : [client];
  return nodes.every(({ status }) => status === 'ready');
}

/** Not left to ioredis, where the query of an address overrules every option. */
function hostAndPort({ hostname, port }: URL): { host: string; port: number } {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) };
}

function credential(encoded: string | undefined): string | undefined {
  return encoded === undefined || encoded === '' ? undefined : decodeURIComponent(encoded);
}
