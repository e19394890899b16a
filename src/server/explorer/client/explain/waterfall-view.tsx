import { useState } from 'react';
import type { ExplainedSpan } from '../../../../explain/explanation.ts';
import { formatMs } from './format.ts';
import { SpanFacts } from './span-facts.tsx';
import type { HueOf } from './subgraph-hue.ts';
import { waterfallRows } from './waterfall-rows.ts';

interface WaterfallViewProps {
  readonly spans: readonly ExplainedSpan[];
  readonly hueOf: HueOf;
}

export function WaterfallView({ spans, hueOf }: WaterfallViewProps) {
  const [selected, select] = useState<number>();
  if (spans.length === 0) return <p>Nothing was run.</p>;

  return (
    <>
      <p className="atrium-legend">
        <i data-part="connect" /> connect <i data-part="first byte" /> first byte <i data-part="download" /> download
        <span>starts at, took</span>
      </p>
      <ul className="atrium-rows">
        {waterfallRows(spans).map(({ index, span, depth, title, left, width, parts, note, isFailure }) => {
          const subgraph = span.fetch?.subgraph ?? span.call?.subgraph;
          return (
            <li key={index} style={subgraph === undefined ? {} : hueOf(subgraph)}>
              <button
                type="button"
                className="atrium-row"
                aria-expanded={index === selected}
                onClick={() => select(index === selected ? undefined : index)}
              >
                <span className="atrium-title" style={{ paddingLeft: depth * 14 }}>
                  {title}
                </span>
                <span className="atrium-track">
                  <span
                    className={subgraph === undefined ? 'atrium-time' : 'atrium-time atrium-hued'}
                    style={{ left: `${left}%`, width: `${width}%` }}
                  >
                    {parts.map((part) => (
                      <i key={part.name} data-part={part.name} style={{ width: `${part.width}%` }} />
                    ))}
                  </span>
                </span>
                <span className={isFailure ? 'atrium-note atrium-bad' : 'atrium-note'}>{note}</span>
                <span className="atrium-number">{span.at.toFixed(1)}</span>
                <span className="atrium-number">{formatMs(span.ms)}</span>
              </button>
              {index === selected && <SpanFacts span={span} />}
            </li>
          );
        })}
      </ul>
    </>
  );
}
