import { useState } from 'react';
import { describeToken, trimToken } from './token.ts';

interface TokenFieldProps {
  readonly token: string;
  readonly placeholder: string;
  /** Called when the field is left or Enter is pressed: a token half typed is sent to nobody. */
  readonly onChange: (token: string) => void;
}

export function TokenField({ token, placeholder, onChange }: TokenFieldProps) {
  const [draft, setDraft] = useState(token);
  const description = describeToken(draft);

  return (
    <label className="atrium-token">
      <span>Token</span>
      <input
        type="text"
        name="token"
        value={draft}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setDraft(trimToken(event.target.value))}
        onFocus={(event) => event.target.select()}
        onBlur={() => draft !== token && onChange(draft)}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
      <output title={description.detail}>{description.summary}</output>
    </label>
  );
}
