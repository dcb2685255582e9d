// How words become typed options and arguments: a small program of our own, so that each rule shows alone.
import { describe, expect, it } from 'vitest';
import {
  choice,
  command,
  createProgram,
  flag,
  list,
  number,
  text,
  usage,
} from '../../src/doors/arguments.ts';
import { InputError } from '../../src/errors.ts';
import { nearest } from '../../src/nearest.ts';
import { captureTerminal } from '../support/terminal.ts';

async function parse(line: readonly string[]): Promise<{ options: unknown; words: readonly string[] }> {
  const { terminal } = captureTerminal(100);
  let parsed: { options: unknown; words: readonly string[] } | undefined;
  const declaration = command({
    summary: 'reads words',
    words: '[file...]',
    examples: [],
    options: {
      coverage: list('--coverage <coverage.json...>', '', (word) => word.endsWith('.json')),
      marker: list('--marker <name...>', '', (word) => !word.endsWith('.xml')),
      lane: text('--lane <name>', '', 'TEST_LANE'),
      limit: number('--limit <number>', '', { from: 1, to: 10, whole: true }),
      sure: number('--sure <0..1>', '', { from: 0, to: 1 }),
      when: choice('--when <when>', '', ['never', 'any'], 'never'),
      json: flag('--json', ''),
      quiet: flag('-q, --quiet', ''),
    },
    async run(options, words) {
      parsed = { options, words };
      return 0;
    },
  });
  await createProgram('read', terminal).declare(declaration, terminal).run(line);
  if (parsed === undefined) throw usage('nothing ran');
  return parsed;
}

const nothing = {
  coverage: [],
  marker: [],
  lane: undefined,
  limit: undefined,
  sure: undefined,
  when: 'never',
  json: false,
  quiet: false,
};

describe('a command line', () => {
  it.each([
    ['a.xml --coverage b.json c.json', { coverage: ['b.json', 'c.json'] }, ['a.xml']],
    ['--coverage b.json a.xml c.json', { coverage: ['b.json', 'c.json'] }, ['a.xml']],
    ['--coverage b.json --json c.json a.xml', { coverage: ['b.json'], json: true }, ['c.json', 'a.xml']],
    ['--marker slow unit a.xml', { marker: ['slow', 'unit'] }, ['a.xml']],
    ['--marker slow unit --json a.xml', { marker: ['slow', 'unit'], json: true }, ['a.xml']],
    ['--marker=slow --marker unit a.xml', { marker: ['slow', 'unit'] }, ['a.xml']],
    ['-q --lane=core -- --odd.xml', { quiet: true, lane: 'core' }, ['--odd.xml']],
    ['--lane a -- --lane b', { lane: 'a' }, ['--lane', 'b']],
    ['--lane=--odd a.xml', { lane: '--odd' }, ['a.xml']],
    ['--lane= a.xml', { lane: '' }, ['a.xml']],
    ['--lane a=b=c', { lane: 'a=b=c' }, []],
    ['--lane -1 a.xml', { lane: '-1' }, ['a.xml']],
    ['--limit 10 --sure .5 --when any', { limit: 10, sure: 0.5, when: 'any' }, []],
    ['-', {}, ['-']],
  ])('%s is read as it is meant', async (line, options, words) => {
    expect(await parse(line.split(' '))).toEqual({ options: { ...nothing, ...options }, words });
  });

  it.each([
    ['--covrage x.json', 'unknown option --covrage', 'Did you mean --coverage? See read --help.'],
    ['--zzz', 'unknown option --zzz', 'See read --help.'],
    ['--constructor x', 'unknown option --constructor', 'See read --help.'],
    ['--__proto__=x', 'unknown option --__proto__', 'See read --help.'],
    ['--zzz=postgres://u:secret@h/d', 'unknown option --zzz', 'See read --help.'],
    ['a.xml --lane', '--lane needs a value', 'It takes --lane <name>.'],
    [
      '--lane --json',
      '--lane needs a value',
      'It takes --lane <name>; if --json is the value, write --lane=--json.',
    ],
    ['--when', '--when needs a value', 'It takes one of never, any.'],
    ['--json=yes', '--json takes no value', 'Write --json.'],
    ['--lane a --lane b', '--lane is given twice', 'Give it once: --lane <name>'],
    ['--limit 11', "--limit does not take '11'", 'It takes a whole number from 1 to 10.'],
    ['--limit 1e1', "--limit does not take '1e1'", 'It takes a whole number from 1 to 10.'],
    ['--limit=', "--limit does not take ''", 'It takes a whole number from 1 to 10.'],
    ['--sure 1.5', "--sure does not take '1.5'", 'It takes a number from 0 to 1.'],
    ['--when sometimes', "--when does not take 'sometimes'", 'Allowed choices are never, any.'],
    ['-json', 'unknown option -json', 'Did you mean --json? See read --help.'],
  ])('%s is refused with what is wrong and what was meant', async (line, message, fix) => {
    const error = await parse(line.split(' ')).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ message, fix });
  });

  it('takes an option from the environment where it is absent, and an empty variable for none', async () => {
    process.env.TEST_LANE = 'nightly';
    expect(await parse([])).toMatchObject({ options: { lane: 'nightly' } });
    expect(await parse(['--lane', 'core'])).toMatchObject({ options: { lane: 'core' } });
    process.env.TEST_LANE = '';
    expect(await parse([])).toMatchObject({ options: { lane: undefined } });
    delete process.env.TEST_LANE;
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
