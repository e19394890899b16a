import { Fragment } from 'react';

export type Fact = readonly [name: string, value: string];

export function FactList({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className="atrium-facts">
      {facts.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
