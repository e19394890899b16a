import { useState } from 'react';
import type { Explanation } from '../../../../explain/explanation.ts';
import { PlanPicture } from './plan-picture.tsx';
import type { HueOf } from './subgraph-hue.ts';

interface PlanViewProps {
  readonly plan: Explanation['plan'];
  readonly hueOf: HueOf;
}

export function PlanView({ plan, hueOf }: PlanViewProps) {
  const [selected, select] = useState<number>();
  const fetch = selected === undefined ? undefined : plan.fetches[selected];

  return (
    <>
      <PlanPicture fetches={plan.fetches} hueOf={hueOf} selected={selected} onSelect={select} />
      {fetch !== undefined && selected !== undefined && (
        <section className="atrium-detail" aria-label={`Fetch ${selected + 1}: ${fetch.subgraph}`}>
          {fetch.parts.map(({ paths, given, selection }, part) => (
            <div key={part}>
              <p>{paths.length === 0 ? 'For the root type' : `For ${paths.join(', ')}`}</p>
              {given !== undefined && (
                <p>
                  given <code>{given}</code>
                </p>
              )}
              <pre>{selection}</pre>
            </div>
          ))}
        </section>
      )}
      <details open>
        <summary>The plan as a tree, {plan.known ? 'known from before' : 'made for this request'}</summary>
        <pre>{plan.tree}</pre>
      </details>
    </>
  );
}
