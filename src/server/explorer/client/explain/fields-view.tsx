import { useEffect, useRef, useState } from 'react';
import type { ExplainedField } from '../../../../explain/explanation.ts';
import { FieldFacts } from './field-facts.tsx';
import type { HueOf } from './subgraph-hue.ts';
import { standsOut } from './why-null.ts';

interface FieldsViewProps {
  readonly fields: readonly ExplainedField[];
  readonly hueOf: HueOf;
  readonly selected: ExplainedField | undefined;
  readonly onSelect: (field: ExplainedField | undefined) => void;
}

const words: Readonly<Record<ExplainedField['verdict'], string>> = {
  open: 'no rule',
  allowed: 'allowed',
  denied: 'denied',
  data: 'by data',
  above: 'not asked',
};

export function FieldsView({ fields, hueOf, selected, onSelect }: FieldsViewProps) {
  const [isFiltered, filter] = useState(false);
  const current = useRef<HTMLLIElement>(null);
  const shown = isFiltered ? fields.filter((field) => standsOut(field) || field === selected) : fields;
  useEffect(() => current.current?.scrollIntoView({ block: 'nearest' }), [selected]);

  return (
    <>
      <label className="atrium-filter">
        <input type="checkbox" checked={isFiltered} onChange={(event) => filter(event.target.checked)} />
        Only what is null, denied or has errors ({fields.filter(standsOut).length})
      </label>
      {shown.length === 0 && <p>Nothing is.</p>}
      <ul className="atrium-rows">
        {shown.map((field) => {
          const { path, verdict, nulls } = field;
          const names = path.split('.');
          const isSelected = field === selected;
          return (
            <li key={`${path} ${field.field}`} ref={isSelected ? current : null}>
              <button
                type="button"
                className={standsOut(field) ? 'atrium-row atrium-bad' : 'atrium-row'}
                aria-expanded={isSelected}
                title={field.field}
                onClick={() => onSelect(isSelected ? undefined : field)}
              >
                <span className="atrium-title" style={{ paddingLeft: isFiltered ? 0 : (names.length - 1) * 14 }}>
                  {isFiltered ? path : names.at(-1)}
                </span>
                <span className="atrium-chips">
                  {field.subgraphs.map((subgraph) => (
                    <span key={subgraph} className="atrium-chip" style={hueOf(subgraph)}>
                      {subgraph}
                    </span>
                  ))}
                </span>
                <span className="atrium-verdict">{words[verdict]}</span>
                <span className="atrium-note">{nulls === 0 ? '' : `null${nulls === 1 ? '' : ` × ${nulls}`}`}</span>
              </button>
              {isSelected && <FieldFacts field={field} fields={fields} />}
            </li>
          );
        })}
      </ul>
    </>
  );
}
