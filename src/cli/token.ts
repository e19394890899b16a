import { ConfigurationError } from '../core/errors.ts';
import { isJsonObject, readJson } from '../core/json.ts';
import { parseFlags, UsageError } from './verb.ts';
import type { Verb } from './verb.ts';

const help = `Prints a token for a user of the demo, and nothing else.

Usage: atrium token USER [--identity URL]

  USER            ann, bob, carol or admin
  --identity URL  the demo's identity service (default: http://127.0.0.1:4005)

Example: curl http://127.0.0.1:4000/graphql -H "authorization: Bearer $(atrium token ann)" \\
           -H 'content-type: application/json' -d '{"query":"{ me { name } }"}'`;

const options = { identity: { type: 'string', default: 'http://127.0.0.1:4005' } } as const;

export const token: Verb = {
  help,
  async run(parameters, io) {
    const { values, positionals } = parseFlags(parameters, options, { positionals: true });
    const [user] = positionals;
    if (user === undefined || positionals.length > 1) {
      throw new UsageError(`expected one user, such as \`atrium token ann\`, got ${positionals.length}`);
    }
    if (!URL.canParse('/token', values.identity))
      throw new UsageError(`--identity: expected a URL, got ${values.identity}`);
    io.out(await askToken(user, values.identity));
    return 0;
  },
};

async function askToken(user: string, identity: string): Promise<string> {
  const response = await fetch(new URL('/token', identity), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
    signal: AbortSignal.timeout(5_000),
  }).catch((error: unknown) => {
    throw new ConfigurationError(
      `expected the demo's identity service at ${identity}, got no answer; \`npm start\` and \`npm run services\` start it`,
      { cause: error },
    );
  });
  const answer = readJson(await response.text());
  if (response.ok && isJsonObject(answer) && typeof answer['access_token'] === 'string') return answer['access_token'];
  const reason = isJsonObject(answer) ? answer['error'] : undefined;
  const came = typeof reason === 'string' ? reason : `status ${response.status}`;
  throw new ConfigurationError(`${identity} gave no token for "${user}": ${came}`);
}
