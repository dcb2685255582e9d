// Time that this process has worked, which does not grow when others keep the machine busy.

/** Milliseconds of processor time so far. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
