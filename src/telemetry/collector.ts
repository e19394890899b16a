/** The address and headers of a collector for one kind of telemetry, by the path of OTLP over HTTP. */
export type Collector = (path: '/v1/traces' | '/v1/metrics') => {
  readonly url: string;
  readonly headers: Record<string, string>;
};

export function createCollector(url: string, headers: Readonly<Record<string, string>>): Collector {
  return (path) => ({ url: url.replace(/\/+$/, '') + path, headers: { ...headers } });
}
