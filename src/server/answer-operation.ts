import { HeaderMap } from '@apollo/server';
import type { ApolloServer, HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AtriumConfig } from '../config/config.ts';
import { Flights } from '../cache/flights.ts';
import type { KnownAnswer } from '../cache/known-answers.ts';
import { RequestError } from '../core/errors.ts';
import { timeoutHeader } from '../core/request-context.ts';
import type { RequestContext } from '../core/request-context.ts';
import { Reuse } from '../core/reuse.ts';
import type { Documents, RequestParams } from '../documents/find-document.ts';
import { errorCodesOf } from '../telemetry/access-log.ts';
import type { AccessRecord } from '../telemetry/access-log.ts';
import { Answers, setsCookie } from './answers.ts';
import type { AnswerOptions, Asked, MadeAnswer } from './answers.ts';
import type { Exchange, ServerContext } from './exchange.ts';
import { paramsOfBody, paramsOfSearch, searchOf } from './graphql-params.ts';
import { bodyBeside, setResponseHeaders } from './response-headers.ts';

export interface OperationOptions {
  readonly server: Pick<AtriumConfig['server'], 'requestTimeoutMs'>;
  /** Started by the caller before there are requests, stopped by the caller after the last. */
  readonly apollo: ApolloServer<ServerContext>;
  readonly documents: Documents;
  /** Absent: every request has an answer of its own. */
  readonly answers?: AnswerOptions | undefined;
  /** What it returns is merged into the context; the request's own keys stay as they are. */
  readonly extendContext?: ((context: RequestContext) => object | Promise<object>) | undefined;
}

interface Outcome {
  /** Of the request it was found or made for. */
  readonly exchange: Exchange;
  readonly made?: MadeAnswer;
  /** As it may be given to others, later too. */
  readonly answer?: KnownAnswer | undefined;
  /** May those have it who asked the same meanwhile? */
  readonly isForFollowers?: boolean;
}

/** Answers one operation, from the body that was read to what is sent. */
export function createOperationHandler(options: OperationOptions) {
  const { apollo, documents, server } = options;
  const answers = options.answers && new Answers(options.answers);
  const flights = options.answers?.shareInFlight === true ? new Flights<Outcome>() : undefined;
  /** Requests answered that may have changed something: who asks after one is not told what was asked before it. */
  let changes = 0;

  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { exchange, method } = request;
    const isPost = method === 'POST';
    const body = typeof request.body === 'string' ? request.body : '';
    const text = isPost ? body : request.url.slice(exchange.path.length);
    const deadline = deadlineOf(exchange);
    // Who wants to know how it is answered wants it to be.
    const isShared = exchange.record.isExplained !== true;
    const asked = isShared ? answers?.asked(exchange, method, text, documents.version()) : undefined;
    const known = asked && answers?.known(asked);
    if (known !== undefined) return sendKnown(known, request, reply, 'known');

    const given = isPost ? paramsOfBody(text) : paramsOfSearch(text);
    const params = await documents.find(given, exchange.record);
    const search = isPost ? '' : params === given ? text : searchOf(params);
    const make = (signal: AbortSignal) =>
      execute({ method, search, body: isPost ? params : undefined }, exchange, { signal, deadline });
    const abort = new AbortController();
    if (reply.raw.destroyed) abort.abort();
    exchange.abort = abort;
    if (answers === undefined || asked === undefined || mayMutate(params)) {
      const made = await make(abort.signal).finally(() => (changes += 1));
      return send({ made, exchange }, request, reply);
    }

    const key = answers.keyOf(asked, params);
    const run = async (signal: AbortSignal): Promise<Outcome> => {
      const found = await answers.find(asked, key, exchange.record);
      if (found !== undefined) return { answer: found, exchange, isForFollowers: true };
      exchange.record.reuse = new Reuse();
      const made = await make(signal);
      const answer = answers.keep(asked, key, made, exchange);
      return { made, answer, exchange, isForFollowers: mayFollow(made, exchange, asked) };
    };
    // Who waits less long than others neither waits for one of them nor has them make do with what it got.
    const isPatient = exchange.headers[timeoutHeader] === undefined;
    const flight = isPatient ? flights?.join(`${key} ${changes}`, abort.signal, run) : undefined;
    const outcome = await (flight?.result ?? run(abort.signal));
    const isMine = flight?.leads !== false || outcome.isForFollowers === true;
    return send(isMine ? outcome : await run(abort.signal), request, reply);
  };

  /** Nobody waits less long, is counted less or becomes another for asking what somebody else asks. */
  function mayFollow(made: MadeAnswer, { record: { reuse }, startedAt }: Exchange, { generation }: Asked): boolean {
    if (reuse === undefined || reuse.isOwn || (reuse.generation ?? generation) !== generation) return false;
    if (setsCookie(made)) return false;
    return performance.now() < startedAt + server.requestTimeoutMs;
  }

  function deadlineOf({ startedAt, headers }: Exchange): number {
    const asked = headers[timeoutHeader];
    if (asked === undefined) return startedAt + server.requestTimeoutMs;
    if (!/^[1-9]\d{0,8}$/.test(asked)) {
      const message = `Expected ${timeoutHeader} to be a whole number of milliseconds, got ${JSON.stringify(asked.slice(0, 50))}.`;
      throw new RequestError('BAD_REQUEST', message);
    }
    return startedAt + Math.min(server.requestTimeoutMs, Number(asked));
  }

  async function execute(
    { method, search, body }: Pick<HTTPGraphQLRequest, 'method' | 'search' | 'body'>,
    exchange: Exchange,
    until: Pick<RequestContext, 'signal' | 'deadline'>,
  ): Promise<MadeAnswer> {
    const before = new Map(exchange.responseHeaders);
    const response = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method,
        headers: method === 'POST' ? headersOfPost(exchange) : headerMap(exchange),
        search,
        body,
      },
      context: () => createContext(exchange, until),
    });
    if (response.body.kind === 'chunked') throw new Error('expected one complete result, got incremental delivery');
    // It is text by now, but Apollo Server's objects outlive the request and would take the data into the old generation.
    if (exchange.held.result !== undefined) delete exchange.held.result.data;

    const status = response.status ?? 200;
    if (status >= 400 && exchange.record.errorCodes.length === 0) {
      // Apollo Server refuses some requests before any plugin hears of them; why stands in its answer alone.
      exchange.record.errorCodes = errorCodesOf(JSON.parse(response.body.string));
    }
    const added = [...exchange.responseHeaders].filter(([name, value]) => before.get(name) !== value);
    return { status, body: response.body.string, headers: [...response.headers, ...added] };
  }

  async function createContext(
    exchange: Exchange,
    { signal, deadline }: Pick<RequestContext, 'signal' | 'deadline'>,
  ): Promise<ServerContext> {
    const context: ServerContext = {
      requestId: exchange.requestId,
      headers: exchange.headers,
      principal: exchange.principal,
      clientAddress: exchange.clientAddress,
      signal,
      deadline,
      responseHeaders: exchange.responseHeaders,
      record: exchange.record,
      held: exchange.held,
    };
    if (options.extendContext === undefined) return context;
    try {
      return { ...(await options.extendContext(context)), ...context };
    } catch (error) {
      throw error instanceof RequestError ? error.toGraphQLError() : error;
    }
  }
}

/** Beyond doubt a document without this word has no mutation: names are written out in GraphQL. */
function mayMutate({ query }: RequestParams): boolean {
  return typeof query !== 'string' || /\bmutation\b/.test(query);
}

function send({ exchange: maker, made, answer }: Outcome, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { exchange } = request;
  const source = made === undefined ? 'known' : maker === exchange ? undefined : 'shared';
  if (answer !== undefined) return sendKnown(answer, request, reply, source);
  if (made === undefined) throw new Error('An outcome holds an answer');
  if (source === 'shared') {
    const { operationName, operationType, errorCodes } = maker.record;
    Object.assign(exchange.record, { operationName, operationType, errorCodes, source });
  }
  const headers = new Map([...exchange.responseHeaders, ...made.headers]);
  setResponseHeaders(headers, reply);
  const body = bodyBeside(headers.values(), made.body);
  return reply.code(made.status).header('content-type', exchange.mediaType).send(body);
}

/** `source` says where it comes from, unless it was made for this very request. */
function sendKnown(
  { body, headers, operationName, madeAt }: KnownAnswer,
  { exchange, method }: FastifyRequest,
  reply: FastifyReply,
  source: AccessRecord['source'],
): FastifyReply {
  const { record } = exchange;
  record.operationName = operationName;
  record.operationType = 'query';
  record.source = source;
  setResponseHeaders(exchange.responseHeaders, reply);
  setResponseHeaders(headers, reply);
  if (source !== undefined) reply.header('age', Math.floor((performance.now() - madeAt) / 1000));
  if (method === 'GET' && isKnownToClient(exchange.headers['if-none-match'], reply.getHeader('etag'))) {
    return reply.code(304).send();
  }
  return reply.header('content-type', exchange.mediaType).send(body);
}

/** RFC 9110, section 13.1.2. */
function isKnownToClient(ifNoneMatch: string | undefined, etag: unknown): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

/** Without what was decided before the body was read, and would be worked out again: the media types of body and answer. */
function headersOfPost(exchange: Exchange): HeaderMap {
  const headers = headerMap(exchange);
  headers.delete('accept');
  headers.delete('content-type');
  return headers.set('apollo-require-preflight', 'application/json');
}

export function headerMap({ headers }: Exchange): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) map.set(name, value);
  return map;
}
