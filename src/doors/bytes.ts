// Sizes as people write them: `100GB`, `1.5 TiB`.
import { InputError } from '../errors.ts';

const powers: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** @throws InputError `invalid-setting` */
export function parseBytes(text: string, name: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]i?b?|b)$/i.exec(text.trim());
  const unit = (match?.[2] ?? '').toLowerCase();
  const power = powers[unit] ?? powers[`${unit}b`];
  const bytes = match === null || power === undefined ? Number.NaN : Number(match[1]) * power;
  if (bytes >= 1) return Math.floor(bytes);
  throw new InputError({
    code: 'invalid-setting',
    message: `${name} does not take '${text.slice(0, 100)}'`,
    fix: 'A number and its unit: 500GB, 1.5TB, 20GiB.',
  });
}
