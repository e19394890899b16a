import { useState } from 'react';

/** A state that the browser remembers under a key of `localStorage`. */
export function useKept<Value extends boolean | number>(key: string, first: Value): [Value, (value: Value) => void] {
  const [value, setValue] = useState(() => read(key, first));
  return [
    value,
    (changed) => {
      localStorage.setItem(key, JSON.stringify(changed));
      setValue(changed);
    },
  ];
}

function read<Value extends boolean | number>(key: string, first: Value): Value {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? 'null');
    return typeof kept === typeof first ? kept : first;
  } catch {
    return first;
  }
}
