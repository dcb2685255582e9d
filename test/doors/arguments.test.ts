import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/doors/arguments.ts';
import { InputError } from '../../src/errors.ts';
import { nearest } from '../../src/nearest.ts';

const options = {
  coverage: { type: 'string', multiple: true },
  marker: { type: 'string', multiple: true },
  lane: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
} as const;
const lists = {
  coverage: (word: string) => word.endsWith('.json'),
  marker: (word: string) => !word.endsWith('.xml'),
};
const parse = (line: string) => parseCommandLine(line.split(' '), options, lists);

describe('a command line', () => {
  it.each([
    ['a.xml --coverage b.json c.json', { coverage: ['b.json', 'c.json'] }, ['a.xml']],
    ['--coverage b.json a.xml c.json', { coverage: ['b.json', 'c.json'] }, ['a.xml']],
    ['--coverage b.json --json c.json a.xml', { coverage: ['b.json'], json: true }, ['c.json', 'a.xml']],
    ['--marker slow unit a.xml', { marker: ['slow', 'unit'] }, ['a.xml']],
    ['--marker=slow --marker unit a.xml', { marker: ['slow', 'unit'] }, ['a.xml']],
    ['-q --lane=core -- --odd.xml', { quiet: true, lane: 'core' }, ['--odd.xml']],
    ['--lane=--odd a.xml', { lane: '--odd' }, ['a.xml']],
    ['-', {}, ['-']],
  ])('%s is read as it is meant', (line, values, positionals) => {
    const parsed = parse(line);
    expect(parsed.values).toEqual(values);
    expect(parsed.positionals).toEqual(positionals);
  });

  it.each([
    ['--covrage x.json', 'unknown option --covrage', 'Did you mean --coverage? See --help.'],
    ['--zzz', 'unknown option --zzz', 'See --help.'],
    ['--constructor x', 'unknown option --constructor', 'See --help.'],
    ['--__proto__=x', 'unknown option --__proto__', 'See --help.'],
    ['a.xml --lane', '--lane needs a value', 'See --help.'],
    ['--lane --json a.xml', '--lane needs a value', 'See --help.'],
    ['--json=yes', '--json takes no value', 'See --help.'],
    ['--lane a --lane b', '--lane is given twice', 'See --help.'],
  ])('%s is refused with what is wrong and what was meant', (line, message, fix) => {
    const attempt = () => parse(line);
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
    try {
      attempt();
    } catch (error) {
      expect((error as InputError).fix).toBe(fix);
    }
  });
});

describe('the nearest name', () => {
  it.each([
    ['migrat', 'migrate'],
    ['setpu', 'setup'],
    ['part', 'partitions'],
    ['xyzzy', undefined],
  ])('of %s is %s', (word, name) => {
    expect(nearest(word, ['migrate', 'setup', 'partitions', 'status'])).toBe(name);
  });
});
