import type { ExplainedField } from '../../../../explain/explanation.ts';
import { whyNull } from './why-null.ts';

interface FieldFactsProps {
  readonly field: ExplainedField;
  readonly fields: readonly ExplainedField[];
}

/** Who decided about a field and what became of it. */
export function FieldFacts({ field, fields }: FieldFactsProps) {
  const sentences = whyNull(field, fields);
  return (
    <section className="atrium-detail" aria-label={`Why ${field.path}`}>
      <p>
        <code>{field.field}</code>
        {field.subgraphs.length > 0 && ` of ${field.subgraphs.join(', ')}`}
      </p>
      {sentences.length > 0 && <p>{sentences.join(' ')}</p>}
      {field.rules.length > 0 && (
        <>
          <p>Decided by</p>
          <ul>
            {field.rules.map((rule) => (
              <li key={rule}>{rule}</li>
            ))}
          </ul>
        </>
      )}
      {field.rules.length === 0 && field.verdict === 'open' && <p>No rule covers it.</p>}
      {field.errors.length > 0 && (
        <>
          <p>Errors at this path</p>
          <ul>
            {field.errors.map(({ code, message, count }) => (
              <li key={`${code} ${message}`}>
                <code>{code}</code> {message}
                {count > 1 && `, ${count} times`}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
