// Work grows with its input: reports so large that anything worse than linear would outlast every patience, counters where
// work can be counted, and bounds of what is kept. (scripts/hostile.ts compares the time of sizes.)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { indexCheckout } from '../../../src/read/checkout.ts';
import { resolvePaths } from '../../../src/read/coverage/paths.ts';
import { readStart } from '../../../src/read/files.ts';
import { signResults } from '../../../src/sign/signature.ts';
import { hostileReports } from '../support/hostile.ts';
import { readText, wrap } from '../support/reports.ts';

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a report of 300,000 characters of', () => {
  it.each(Object.keys(hostileReports))('%s is read and signed', async (name) => {
    const { results, warnings } = await readText(hostileReports[name]?.(300_000) ?? '');
    signResults(results);
    expect(results.length + warnings.length).toBeGreaterThan(0);
    for (const warning of warnings) expect(warning.message.length).toBeLessThan(1000);
    for (const { failure } of results) expect(failure?.errorType?.length ?? 0).toBeLessThanOrEqual(200);
  });
});

describe('what is kept of a report', () => {
  it('is bounded for each classname, prefix, property and host', async () => {
    const long = (letter: string, i: number) => `${letter.repeat(5000)}${i}`;
    const cases = Array.from(
      { length: 200 },
      (_, i) =>
        `<testcase classname="${long('c', i)}" name="t" file="${long('f', i)}.py"><failure message="x">/w/${long('c', i)}.py:1: E</failure></testcase>`,
    ).join('');
    const { survey } = await readText(
      wrap(
        `<properties><property name="p" value="${'v'.repeat(100_000)}"/></properties>${cases}`,
        `name="pytest" hostname="${'h'.repeat(100_000)}"`,
      ),
    );
    const kept = [
      ...survey.classnames,
      ...[...survey.evidence.modules].flat(),
      ...[...survey.properties].flat(),
      ...survey.suites.map((s) => s.hostname ?? ''),
      ...survey.teardownErrors,
    ];
    expect(kept.join('').length).toBeLessThan(20_000);
  });

  it('tells two long addresses apart where a teardown or a rerun is looked for', async () => {
    const name = (end: string) => `t[${'x'.repeat(5000)}${end}]`;
    const failed = (end: string) =>
      `<testcase classname="tests.test_a" name="${name(end)}"><failure message="f">x</failure></testcase>`;
    const teardown = `<testcase classname="tests.test_a" name="${name('a')}"><error message="failed on teardown with &quot;x&quot;">x</error></testcase>`;
    const empty = (end: string) => `<testcase classname="tests.test_a" name="${name(end)}"/>`;
    const { results } = await readText(
      wrap(failed('b') + failed('a') + teardown + empty('c') + empty('c') + empty('d')),
    );
    expect(results.map((r) => `${r.testName.at(-2)} ${r.outcome} ${r.attempts ?? 1}`)).toEqual([
      'b failed 1',
      'a failed 1',
      'c passed 2',
      'd passed 1',
    ]);
  });
});

describe('a checkout', () => {
  it('has each of its files read once, however many tests it is asked for', async () => {
    const files: Readonly<Record<string, string>> = {
      'tests/test_gate.py': `class LockUp:\n${'  def test_jam(self): pass\n'.repeat(1000)}`,
      'tests/test_gate/LockUp.py': `${'x = 1\n'.repeat(10_000)}def test_turn(): pass`,
    };
    let reads = 0;
    const cases = Array.from(
      { length: 5000 },
      (_, i) => `<testcase classname="tests.test_gate.LockUp" name="test_jam[${i}]"/>`,
    );
    const { results } = await readText(wrap(cases.join('')), {
      checkout: (survey) =>
        indexCheckout(
          {
            root: '/w',
            paths: Object.keys(files),
            readText: (path) => {
              reads++;
              return files[path];
            },
          },
          survey.classnames,
          undefined,
        ),
    });
    expect(results.at(-1)?.testName).toBe('tests/test_gate.py::LockUp::test_jam[4999]');
    expect(reads).toBe(2);
  });

  it('has paths of any length', () => {
    const deep = Array.from({ length: 1000 }, (_, i) => `${'a/'.repeat(2000)}test_${i}.py`);
    const checkout = indexCheckout(
      { root: '/w', paths: [...deep, 'tests/test_a.py'], readText: () => undefined },
      ['tests.test_a', `${'a.'.repeat(2000)}test_1`],
      undefined,
    );
    expect(checkout.files('tests.test_a')).toEqual(['tests/test_a.py']);
    const paths = deep.map((path) => `/elsewhere/${path}`);
    const resolved = resolvePaths([...paths, '/elsewhere/src/a.py'], {
      repositoryRoot: '/w',
      rootdir: undefined,
      workingDirectory: '/w',
      trackedFiles: ['src/a.py'],
    });
    expect(resolved.get('/elsewhere/src/a.py')?.path).toBe('src/a.py');
  });

  it('may hold links to devices, pipes, huge files, folders and nothing', () => {
    const at = (name: string) => join(folder, name);
    writeFileSync(at('a.py'), 'def test_a(): pass');
    symlinkSync('/dev/zero', at('zero.py'));
    symlinkSync(at('nowhere'), at('dangling.py'));
    symlinkSync(at('a.py'), at('link.py'));
    execFileSync('mkfifo', [at('pipe.py')]);
    writeFileSync(at('huge.py'), 'x = 1\n');
    truncateSync(at('huge.py'), 64 * 2 ** 30);
    expect(readStart(at('a.py'))).toBe('def test_a(): pass');
    expect(readStart(at('link.py'))).toBe('def test_a(): pass');
    expect(readStart(at('huge.py'))?.length).toBe(1 << 20);
    for (const name of ['zero.py', 'pipe.py', 'dangling.py', '.', `${'n'.repeat(4096)}.py`])
      expect(readStart(at(name)), name).toBeUndefined();
  });
});
