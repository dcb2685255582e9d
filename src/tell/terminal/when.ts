// Times in words, as people say them.

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** `now`, `5 min ago`, `2 hours ago`, `3 days ago`, `2026-08-01` from 60 days on; `in 2 hours` for another clock's time. */
export function ago(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return 'now';
  if (size >= 60 * day) return at.toISOString().slice(0, 10);
  const [n, unit] =
    size < 59.5 * minute
      ? [Math.round(size / minute), 'min']
      : size < 23.5 * hour
        ? [Math.round(size / hour), 'hour']
        : [Math.round(size / day), 'day'];
  const words = `${n} ${unit}${unit === 'min' || n === 1 ? '' : 's'}`;
  return seconds < 0 ? `in ${words}` : `${words} ago`;
}

/** `5 min`, `2 hours`, `3 days`: how long something has lasted. */
export function lasted(from: Date, to: Date): string {
  return ago(from, to)
    .replace(/ ago$|^in /, '')
    .replace('now', 'seconds');
}
