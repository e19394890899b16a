import type { KeyboardEvent } from 'react';

const names = ['Plan', 'Waterfall', 'Fields', 'Cost & limits'] as const;

export type TabName = (typeof names)[number];

/** The ids that tabs and their panel name each other by. */
export const tabIds: Readonly<Record<TabName | 'panel', string>> = {
  Plan: 'atrium-tab-plan',
  Waterfall: 'atrium-tab-waterfall',
  Fields: 'atrium-tab-fields',
  'Cost & limits': 'atrium-tab-costs',
  panel: 'atrium-tabpanel',
};

interface PanelTabsProps {
  /** None while the panel is closed. */
  readonly selected: TabName | undefined;
  readonly onSelect: (name: TabName) => void;
}

export function PanelTabs({ selected, onSelect }: PanelTabsProps) {
  function move({ key }: KeyboardEvent, from: number) {
    const by = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
    const name = names.at((from + by) % names.length);
    if (by === 0 || name === undefined) return;
    onSelect(name);
    document.getElementById(tabIds[name])?.focus();
  }

  return (
    <div role="tablist" aria-label="Explain" className="atrium-tabs">
      {names.map((name, index) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={tabIds[name]}
          aria-selected={name === selected}
          aria-controls={tabIds.panel}
          tabIndex={name === (selected ?? names[0]) ? 0 : -1}
          onClick={() => onSelect(name)}
          onKeyDown={(event) => move(event, index)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
