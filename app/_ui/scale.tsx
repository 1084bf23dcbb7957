/** How much of a whole: marks that are on. `share` of 100. */
export function Scale({
  label,
  share,
  marks = 30,
  thin = false,
}: {
  label: string;
  share: number;
  marks?: number;
  thin?: boolean;
}) {
  // all of them, and none, only where it is so
  const lit =
    share <= 0
      ? 0
      : share >= 100
        ? marks
        : Math.min(marks - 1, Math.max(1, Math.round((share / 100) * marks)));
  return (
    <span
      className={`scale${thin ? ' thin' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuenow={share}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      {Array.from({ length: marks }, (_, i) => (
        <i key={i} className={i < lit ? 'on' : ''} />
      ))}
    </span>
  );
}
