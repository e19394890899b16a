import { useGraphiQL } from '@graphiql/react';
import { useEffect, useState } from 'react';
import type { Explanation } from '../../../../explain/explanation.ts';
import { Explained } from './explained.tsx';
import { formatCount, formatMs } from './format.ts';
import { PanelTabs, tabIds } from './panel-tabs.tsx';
import type { TabName } from './panel-tabs.tsx';
import { ResizeBar } from './resize-bar.tsx';
import { useKept } from './use-kept.ts';

/** One answer, and how it was made where the gateway tells. */
export interface Told {
  readonly explanation: Explanation | undefined;
}

interface ExplainPanelProps {
  /** The last answer; undefined before the first. */
  readonly told: Told | undefined;
}

export function ExplainPanel({ told }: ExplainPanelProps) {
  const [isOpen, keepOpen] = useKept<boolean>('atrium:explain-open', false);
  const [height, keepHeight] = useKept<number>('atrium:explain-height', 400);
  const [tab, setTab] = useState<TabName>('Plan');
  const answer = useToldOfTab(told);
  const explanation = answer?.explanation;

  function show(name: TabName) {
    setTab(name);
    keepOpen(true);
  }

  return (
    <section className="atrium-explain" aria-label="Explain">
      {isOpen && <ResizeBar height={height} onChange={keepHeight} />}
      <div className="atrium-head">
        <button type="button" className="atrium-toggle" aria-expanded={isOpen} onClick={() => keepOpen(!isOpen)}>
          Explain
        </button>
        <PanelTabs selected={isOpen ? tab : undefined} onSelect={show} />
        <span className="atrium-summary">{explanation !== undefined && summary(explanation)}</span>
      </div>
      <div
        className="atrium-body"
        role="tabpanel"
        id={tabIds.panel}
        aria-labelledby={tabIds[tab]}
        tabIndex={0}
        style={{ height }}
        hidden={!isOpen}
      >
        {explanation === undefined ? (
          <p>
            {answer === undefined ? 'Run an operation to see how it is answered.' : 'This answer has no explanation.'}
          </p>
        ) : (
          <Explained key={explanation.requestId} explanation={explanation} tab={tab} onShow={show} />
        )}
      </div>
    </section>
  );
}

/** GraphiQL keeps an answer for each of its tabs, and so what was told of it stays with the tab. */
function useToldOfTab(told: Told | undefined): Told | undefined {
  const tabId = useGraphiQL(({ tabs, activeTabIndex }) => tabs[activeTabIndex]?.id ?? '');
  const [byTab, setByTab] = useState<ReadonlyMap<string, Told>>(new Map());
  // Not run for another tab: what was told belongs to the one that was open when it came.
  useEffect(() => {
    if (told !== undefined) setByTab((before) => new Map(before).set(tabId, told));
  }, [told]);
  return byTab.get(tabId);
}

function summary({ spans }: Explanation): string {
  const calls = spans.filter(({ call }) => call !== undefined).length;
  return `${formatCount(calls, 'call')}, ${formatMs(Math.max(0, ...spans.map(({ at, ms }) => at + ms)))}`;
}
