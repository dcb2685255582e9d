// `lukhas healix add 1`: a failure by its number in the last run, asked for at a real pseudo-terminal.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPseudoTerminal, runInTerminal } from '../support/cli.ts';
import { runInProcess } from '../support/in-process.ts';
import { copyEmbedded } from '../support/templates.ts';

let home = '';
let env: Readonly<Record<string, string>> = {};
const folder = (name: string) => join(home, name);

/** One run of some tests, stored from a folder; all of them fail but `test_ok`. */
async function store(place: string, tests: readonly string[], more: readonly string[] = []) {
  const cases = tests.map((name) =>
    name === 'test_ok'
      ? `<testcase classname="tests.test_m" name="test_ok" time="0.01" />`
      : `<testcase classname="tests.test_m" name="${name}" time="0.01"><failure message="KeyError: '${name}'">def ${name}():
&gt;       TABLE['${name}']
E       KeyError: '${name}'

tests/test_m.py:${name.length}: KeyError</failure></testcase>`,
  );
  const report = join(folder(place), 'results.xml');
  writeFileSync(
    report,
    `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" time="1.0">${cases.join('')}</testsuite></testsuites>`,
  );
  const done = await runInProcess('lukhas-upload', ['results.xml', ...more], { cwd: folder(place), env });
  expect(done).toMatchObject({ code: 0, stderr: '' });
  return done.stdout;
}
const healix = (place: string, args: readonly string[]) =>
  runInProcess('lukhas', ['healix', ...args], { cwd: folder(place), env });
const solution = ['--solution', 'Write the table'] as const;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'lukhas-number-'));
  env = { XDG_DATA_HOME: home, NO_COLOR: '1' };
  await copyEmbedded(join(home, 'lukhas'));
  for (const place of ['shop/api', 'shop/web', 'depot']) mkdirSync(folder(place), { recursive: true });
  for (const place of ['shop', 'depot']) execFileSync('git', ['init', '-q'], { cwd: folder(place) });
  await store('shop', ['test_first', 'test_ok', 'test_second']);
  // Another repository's run is later, and not what is spoken of in the shop.
  await store('depot', ['test_elsewhere']);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('a failure by its number', () => {
  it.skipIf(!hasPseudoTerminal)(
    'is asked about at a terminal, until there is a solution in words',
    async () => {
      const done = await runInTerminal(
        'lukhas',
        ['healix', 'add', '2'],
        [
          ['what was it (Enter: not known)? ', '…\r'],
          ['says nothing yet', ''],
          ['what was it (Enter: not known)? ', 'The table is empty\r'],
          ['what is to be done? ', '\r'],
          ['A memory needs a solution.', ''],
          ['what is to be done? ', 'Write the table\r'],
        ],
        { cwd: folder('shop/api'), env },
      );
      expect(done.shown).toContain('tests/test_m.py::test_second');
      expect(done.shown).toContain("KeyError  'test_second'");
      expect(done.code).toBe(0);
      const [, id = ''] = /memory (\S+) added/.exec(done.shown) ?? [];
      expect(JSON.parse((await healix('shop', ['show', id, '--json'])).stdout)).toMatchObject({
        test_name: 'tests/test_m.py::test_second',
        root_cause: 'The table is empty',
        solution: 'Write the table',
      });
    },
  );

  it.skipIf(!hasPseudoTerminal)('is left alone when the person ends the questions', async () => {
    const done = await runInTerminal('lukhas', ['healix', 'add', '1'], [['not known)? ', '\u0004']], {
      cwd: folder('shop'),
      env,
    });
    expect(done.shown).toContain('error: cancelled; nothing was added');
    expect(done.code).toBe(2);
  });

  it('is of the last run of the repository, of a project in the folder or around it', async () => {
    const about = async (place: string, number: string) => {
      const done = await healix(place, [
        'add',
        number,
        '--json',
        '--cause',
        `${place} ${number}`,
        ...solution,
      ]);
      return [done.code, done.code === 0 ? JSON.parse(done.stdout).test_name : done.stderr];
    };
    expect(await about('depot', '1')).toEqual([0, 'tests/test_m.py::test_elsewhere']);
    await store('shop/web', ['test_of_web'], ['--rootdir', 'web']);
    const names = [await about('shop', '1'), await about('shop/web', '1'), await about('shop/api', '1')];
    expect(names).toEqual([
      [0, 'tests/test_m.py::test_of_web'],
      [0, 'tests/test_m.py::test_of_web'],
      [0, 'tests/test_m.py::test_first'],
    ]);
  });

  it('that is not there is refused with how many there are, and so is the same memory again', async () => {
    const none = await healix('depot', ['add', '2', ...solution]);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toMatch(/^error: run \S+ has one failure, and none with the number 2$/m);
    const run = '019ab2c4-5d00-7abc-8def-0123456789ab';
    const unknown = await healix('depot', ['add', '1', '--run', run, ...solution]);
    expect(unknown.stderr).toContain(`error: there is no run ${run} of this team in this database`);
    const again = await healix('depot', ['add', '1', '--cause', 'depot 1', ...solution]);
    expect(again).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('says the same of this failure'),
    });
  });

  it('is what the terminal numbers, beside the run where it is not simply the last one', async () => {
    const shown = await store('depot', ['test_ok', 'test_a', 'test_bb']);
    expect(shown.match(/lukhas healix add .*/g)).toEqual(['lukhas healix add 1', 'lukhas healix add 2']);
    const [, run] = /as run (\S+)/.exec(shown) ?? [];
    const again = await store('depot', ['test_ok', 'test_a', 'test_bb']);
    expect(again.match(/lukhas healix add .*/g)).toEqual([
      `lukhas healix add 1 --run ${run}`,
      `lukhas healix add 2 --run ${run}`,
    ]);
  });
});
