import { Range, useGraphiQL } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { nullsIn } from './nulls-in.ts';

/** Makes every `null` of the result a link; calls back with its path when one is clicked. */
export function useNullClicks(onNull: (path: string) => void): void {
  const editor = useGraphiQL(({ responseEditor }) => responseEditor);
  const latest = useRef(onNull);
  latest.current = onNull;

  useEffect(() => {
    const model = editor?.getModel();
    if (editor === undefined || model == null) return undefined;
    const links = editor.createDecorationsCollection();
    const mark = () =>
      links.set(
        nullsIn(model.getValue()).map(({ offset }) => {
          const start = model.getPositionAt(offset);
          const range = new Range(start.lineNumber, start.column, start.lineNumber, start.column + 'null'.length);
          return { range, options: { inlineClassName: 'atrium-null' } };
        }),
      );
    mark();
    const changed = model.onDidChangeContent(mark);
    const clicked = editor.onMouseUp(({ target }) => {
      if (target.position === null || !editor.getSelection()?.isEmpty()) return;
      const at = model.getOffsetAt(target.position);
      const value = nullsIn(model.getValue()).find(({ offset }) => offset <= at && at <= offset + 'null'.length);
      if (value !== undefined) latest.current(value.path);
    });
    return () => {
      links.clear();
      changed.dispose();
      clicked.dispose();
    };
  }, [editor]);
}
