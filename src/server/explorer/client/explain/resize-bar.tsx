interface ResizeBarProps {
  /** Of what stands below, in CSS pixels. */
  readonly height: number;
  readonly onChange: (height: number) => void;
}

const least = 120;
const step = 20;

export function ResizeBar({ height, onChange }: ResizeBarProps) {
  const most = Math.max(least, window.innerHeight - 260);
  const change = (wanted: number) => onChange(Math.round(Math.min(most, Math.max(least, wanted))));

  return (
    <div
      className="atrium-resize"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of Explain"
      aria-valuenow={height}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) change(height - event.movementY);
      }}
      onKeyDown={(event) => {
        if (event.key === 'ArrowUp') change(height + step);
        if (event.key === 'ArrowDown') change(height - step);
      }}
    />
  );
}
