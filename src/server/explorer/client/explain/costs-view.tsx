import type { Explanation } from '../../../../explain/explanation.ts';
import { FactList } from './fact-list.tsx';
import type { Fact } from './fact-list.tsx';

interface CostsViewProps {
  readonly explanation: Explanation;
}

export function CostsView({ explanation }: CostsViewProps) {
  const { cost, limits, cache, principal, requestId, traceId, operation, supergraph } = explanation;
  const facts: readonly Fact[] = [
    ['cost at most', cost.estimated === null ? 'cannot be told' : String(cost.estimated)],
    ['cost in fact', cost.actual === null ? 'nothing was run' : String(cost.actual)],
    ['cost allowed', cost.max === null ? 'no limit' : String(cost.max)],
    ['cache', `${cache.hits} hits, ${cache.misses} misses`],
    ['client', principal === null ? 'anonymous' : `${principal.subject} of ${principal.issuer}`],
    ...(principal === null
      ? []
      : [
          ['roles', principal.roles.join(', ') || 'none'] as const,
          ['scopes', principal.scopes.join(', ') || 'none'] as const,
        ]),
    ['operation', `${operation.type} ${operation.name ?? 'without a name'}`],
    ['operation hash', operation.hash],
    ['request id', requestId],
    ['trace id', traceId ?? 'no traces are recorded'],
    ['supergraph', supergraph],
  ];
  return (
    <>
      <FactList facts={facts} />
      {limits.length === 0 ? (
        <p>No rate limit counted this request.</p>
      ) : (
        <table className="atrium-table">
          <thead>
            <tr>
              <th scope="col">rate limit</th>
              <th scope="col">of</th>
              <th scope="col">charged</th>
              <th scope="col">left</th>
              <th scope="col">outcome</th>
            </tr>
          </thead>
          <tbody>
            {limits.map(({ policy, scope, charged, remaining, outcome }) => (
              <tr key={`${policy} ${scope}`} className={outcome === 'refused' ? 'atrium-bad' : ''}>
                <td>{policy}</td>
                <td>{scope}</td>
                <td>{charged}</td>
                <td>{remaining ?? 'not counted'}</td>
                <td>{outcome}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
