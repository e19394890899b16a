import { z } from 'zod';
import { leastSecretLength } from '../core/verify-request.ts';
import {
  text,
  httpUrl,
  integer,
  flag,
  headerName,
  explainSecret,
  list,
  oneOf,
  section,
  share,
  milliseconds,
} from './checks.ts';

export const logging = section({
  level: oneOf(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Lines for people instead of JSON. By default in development mode, when the log goes to a terminal. */
  pretty: flag.optional(),
  /** Fields whose values are replaced by "[redacted]", such as `client` or `err.message`. */
  redact: list(text('the name of a field'), 'a list of names of fields').default([]),
}).prefault({});

/** Who may be told how a request was answered; in development mode everybody. */
export const explain = section({
  /** Signs the tokens that `atrium explain --grant` prints. */
  secret: z.string(explainSecret).min(leastSecretLength, explainSecret),
}).optional();

/** Traces and metrics by OpenTelemetry. `/metrics` of the admin listener needs none of it. */
export const telemetry = section({
  /** `service.name` of traces and metrics. */
  serviceName: text('a name').default('atrium'),
  /** A collector that takes OTLP over HTTP, in JSON; nothing is exported without. */
  otlp: section({
    /** Without the path: `/v1/traces` and `/v1/metrics` are appended. */
    url: httpUrl,
    /** Sent along, such as a key. */
    headers: z.record(headerName, z.string('a text'), 'an object of headers').default({}),
  }).optional(),
  traces: section({
    enabled: flag.default(true),
    /** Share of the traces that begin here that are recorded; others follow whoever began them. */
    ratio: share.default(0.01),
    /** Requests with errors are recorded in any case. */
    errors: flag.default(true),
    /** Requests that take longer are recorded in any case. */
    slowMs: milliseconds.default(1_000),
  }).prefault({}),
  metrics: section({
    enabled: flag.default(true),
    everySeconds: integer(1, 3_600).default(60),
  }).prefault({}),
}).prefault({});
