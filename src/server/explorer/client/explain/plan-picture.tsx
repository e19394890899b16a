import type { PlannedFetch } from '../../../../explain/explanation.ts';
import { formatCount } from './format.ts';
import { box, layoutPlan } from './plan-layout.ts';
import type { HueOf } from './subgraph-hue.ts';

interface PlanPictureProps {
  readonly fetches: readonly PlannedFetch[];
  readonly hueOf: HueOf;
  readonly selected: number | undefined;
  readonly onSelect: (index: number | undefined) => void;
}

/** The fetches as boxes, arrows to those that wait for them. */
export function PlanPicture({ fetches, hueOf, selected, onSelect }: PlanPictureProps) {
  if (fetches.length === 0) return <p>No subgraph is asked.</p>;
  const { width, height, boxes, arrows } = layoutPlan(fetches);
  const toggle = (index: number) => onSelect(index === selected ? undefined : index);

  return (
    <div className="atrium-picture">
      <svg width={width} height={height} role="group" aria-label="Fetches and what they wait for">
        <defs>
          <marker id="atrium-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
            <path d="M0 0L8 4L0 8z" />
          </marker>
        </defs>
        {arrows.map(({ from, to, path }) => (
          <path key={`${from} ${to}`} className="atrium-arrow" d={path} markerEnd="url(#atrium-arrow)" />
        ))}
        {fetches.map(({ subgraph, parts }, index) => (
          <g
            key={index}
            role="button"
            tabIndex={0}
            aria-label={`Fetch ${index + 1}: ${subgraph}`}
            aria-pressed={index === selected}
            className="atrium-box"
            style={hueOf(subgraph)}
            transform={`translate(${boxes[index]?.x ?? 0} ${boxes[index]?.y ?? 0})`}
            onClick={() => toggle(index)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' && event.key !== ' ') return;
              event.preventDefault();
              toggle(index);
            }}
          >
            <rect width={box.width} height={box.height} rx="6" />
            <text x="10" y="19">
              {index + 1}. {subgraph}
            </text>
            <text x="10" y="35" className="atrium-faint">
              {placesOf(parts)}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

function placesOf(parts: PlannedFetch['parts']): string {
  const paths = new Set(parts.flatMap((part) => part.paths));
  const [path] = paths;
  if (path === undefined) return 'root';
  return paths.size === 1 ? `… ${path.split('.').at(-1) ?? path}` : formatCount(paths.size, 'place');
}
