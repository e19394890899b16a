import { useMemo, useState } from 'react';
import type { ExplainedField, Explanation } from '../../../../explain/explanation.ts';
import { CostsView } from './costs-view.tsx';
import { FieldsView } from './fields-view.tsx';
import type { TabName } from './panel-tabs.tsx';
import { PlanView } from './plan-view.tsx';
import { huesOf } from './subgraph-hue.ts';
import { useNullClicks } from './use-null-clicks.ts';
import { WaterfallView } from './waterfall-view.tsx';

interface ExplainedProps {
  readonly explanation: Explanation;
  readonly tab: TabName;
  readonly onShow: (tab: TabName) => void;
}

/** One explanation, as the tab shows it. */
export function Explained({ explanation, tab, onShow }: ExplainedProps) {
  const { plan, spans, fields } = explanation;
  const [field, selectField] = useState<ExplainedField>();
  const hueOf = useMemo(() => huesOf(explanation), [explanation]);
  useNullClicks((path) => {
    const atPath = fields.filter((candidate) => candidate.path === path);
    const clicked = atPath.find(({ nulls }) => nulls > 0) ?? atPath[0];
    if (clicked === undefined) return;
    selectField(clicked);
    onShow('Fields');
  });

  switch (tab) {
    case 'Plan':
      return <PlanView plan={plan} hueOf={hueOf} />;
    case 'Waterfall':
      return <WaterfallView spans={spans} hueOf={hueOf} />;
    case 'Fields':
      return <FieldsView fields={fields} hueOf={hueOf} selected={field} onSelect={selectField} />;
    case 'Cost & limits':
      return <CostsView explanation={explanation} />;
  }
}
