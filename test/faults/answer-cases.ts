import { secret } from './answer-problems.ts';
import { answering, at, changing, httpError, invalid, json, own, sending } from './misbehaving.ts';
import type { SubgraphCase } from './subgraph-case.ts';

/** One subgraph of three answers in good HTTP what is no good answer. */
export const answerCases: readonly SubgraphCase[] = [
  ...[400, 500].map((status) => ({
    id: 'A9',
    title: `status ${status} with GraphQL errors`,
    arrange: sending(
      JSON.stringify({ errors: [{ message: 'closed', extensions: { code: 'CLOSED', stack: secret }, [secret]: 1 }] }),
      json,
      status,
    ),
    ...own('closed', 'CLOSED'),
  })),
  {
    id: 'A9',
    title: 'status 500 with data',
    arrange: answering((response, healthy) => void response.writeHead(500, json).end(JSON.stringify(healthy))),
    ratings: [4.5, 4.5],
    tries: 1,
  },
  { id: 'A9', title: 'status 500 without a body', arrange: sending('', {}, 500), ...httpError },
  {
    id: 'A10',
    title: 'errors without data',
    arrange: sending('{"errors":[{"message":"closed"}]}'),
    ...own('closed', 'DOWNSTREAM_SERVICE_ERROR'),
  },
  {
    id: 'A10',
    title: 'null data with an error',
    arrange: sending('{"data":null,"errors":[{"message":"closed","path":["_entities"]}]}'),
    ...own('closed', 'DOWNSTREAM_SERVICE_ERROR'),
  },
  { id: 'A10', title: 'null data alone', arrange: sending('{"data":null}'), ...invalid },
  { id: 'A10', title: 'null data and no errors in a list', arrange: sending('{"data":null,"errors":[]}'), ...invalid },
  { id: 'A10', title: 'neither data nor errors', arrange: sending('{}'), ...invalid },
  { id: 'A10', title: 'null', arrange: sending('null'), ...invalid },
  {
    id: 'A10',
    title: 'errors that are none',
    arrange: sending('{"errors":[null,1,[]]}'),
    tries: 1,
    code: 'DOWNSTREAM_SERVICE_ERROR',
  },
  {
    id: 'A11',
    title: 'too few entities',
    arrange: changing(({ _entities: [first] }) => ({ data: { _entities: [first] } })),
    ...invalid,
  },
  {
    id: 'A11',
    title: 'too many entities',
    arrange: changing(({ _entities: list }) => ({ data: { _entities: [...list, ...list] } })),
    ...invalid,
  },
  { id: 'A11', title: 'entities that are no list', arrange: sending('{"data":{"_entities":{"0":{}}}}'), ...invalid },
  { id: 'A11', title: 'null for the entities', arrange: sending('{"data":{"_entities":null}}'), ...invalid },
  { id: 'A11', title: 'no entities', arrange: sending('{"data":{}}'), ...invalid },
  {
    id: 'A12',
    title: 'null entities',
    arrange: sending('{"data":{"_entities":[null,null]}}'),
    ratings: [null, null],
    tries: 1,
  },
  {
    id: 'A12',
    title: 'a null entity with its error beside one',
    arrange: changing(({ _entities: [first] }) => ({
      data: { _entities: [first, null] },
      errors: [{ message: 'gone', path: ['_entities', 1], extensions: { code: 'GONE', inner: secret } }],
    })),
    ratings: [4.5, null],
    errors: [at(1, 'gone', 'GONE')],
    tries: 1,
  },
  {
    id: 'A12',
    title: 'an error at a place where nothing was asked',
    arrange(lab) {
      lab.subgraphs.products.answerWith((response, healthy) => {
        const errors = [{ message: 'lost', path: ['_entities', 0, 'rating'] }];
        response.writeHead(200, json).end(JSON.stringify({ ...healthy, errors }));
      });
    },
    ratings: [4.5, 4.5],
    errors: [{ message: 'lost', extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } }],
    tries: 1,
  },
  {
    id: 'A12',
    title: 'a null field with its error',
    arrange: changing(({ _entities: [, second] }) => ({
      data: { _entities: [{ __typename: 'Product', rating: null }, second] },
      errors: [{ message: 'gone', path: ['_entities', 0, 'rating'] }],
    })),
    ratings: [null, 4.5],
    errors: [at(0, 'gone', 'DOWNSTREAM_SERVICE_ERROR')],
    tries: 1,
  },
  {
    id: 'A13',
    title: 'fields that nobody asked it for',
    arrange: changing(({ _entities: list }) => ({
      data: {
        _entities: list.map((one) => ({
          ...(one as object),
          id: secret,
          name: secret,
          price: -1,
          ['__proto__']: secret,
        })),
        me: { name: secret },
      },
      extensions: { inner: secret },
    })),
    ratings: [4.5, 4.5],
    tries: 1,
  },
];
