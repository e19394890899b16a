import { createLocalStorage } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { useMemo, useState } from 'react';
import { ExplainPanel } from './explain/explain-panel.tsx';
import type { Told } from './explain/explain-panel.tsx';
import { createFetcher } from './fetcher.ts';
import { TokenField } from './token-field.tsx';
import { readToken, writeToken } from './token.ts';

interface ExplorerProps {
  /** What the first visit finds in its tabs; with none GraphiQL greets with its own text. */
  readonly queries: readonly string[];
}

export function Explorer({ queries }: ExplorerProps) {
  const [token, setToken] = useState(readToken);
  const [told, setTold] = useState<Told>();
  // GraphiQL introspects again whenever its fetcher changes, so a better token also repairs the documentation.
  const fetcher = useMemo(() => createFetcher(token, (explanation) => setTold({ explanation })), [token]);
  const isDemo = queries.length > 0;
  // Tabs survive in the browser. The demo's have their own place, so that another schema on this port never meets them.
  const storage = useMemo(() => createLocalStorage({ namespace: isDemo ? 'atrium-demo' : 'atrium' }), [isDemo]);

  function keepToken(changed: string) {
    writeToken(changed);
    setToken(changed);
  }

  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      schemaDescription
      {...(isDemo && { defaultTabs: queries.map((query) => ({ query })) })}
    >
      <GraphiQL.Logo>
        <div className="atrium-bar">
          <TokenField
            token={token}
            onChange={keepToken}
            placeholder={isDemo ? 'npm run atrium -- token ann' : 'Paste a bearer token'}
          />
          <span className="atrium-name">Atrium</span>
        </div>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <ExplainPanel told={told} />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}
