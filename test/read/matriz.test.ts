// The analysis file: what is taken, and each way in which a file is none, with its place.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOptions, type InputError, type ReportError } from '../../src/errors.ts';
import { largestMatriz, readMatriz } from '../../src/read/matriz.ts';

const example = readFileSync('fixtures/matriz/document.json', 'utf8');
const star = '"status":"APPROVED","confidence":1';
const stars = (inner: string, rest = '') => `{"stars":{${inner}}${rest}}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lukhas-matriz-'));
  mkdirSync(join(folder, 'dir'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: string | Buffer) {
  writeFileSync(join(folder, 'a.json'), content);
  return readMatriz('a.json', folder);
}

/** `file:line:column: message. fix` of the error that reading ends in. */
async function refusal(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(
    () => {
      throw new Error('it was taken');
    },
    (thrown: InputError | ReportError) => thrown,
  );
  const { file, line, column } = error.place ?? {};
  return `${[file, line, column].filter((part) => part !== undefined).join(':')}: ${error.message}. ${error.fixIn(asOptions)}`;
}

describe('an analysis', () => {
  it("is taken as the schema document's example has it, and kept as it is written", async () => {
    const { analysis, json } = await read(example);
    expect(json).toBe(example);
    expect(analysis).toEqual({
      stars: [
        { name: 'identity', status: 'APPROVED', confidence: 0.96, violations: [] },
        {
          name: 'guardian',
          status: 'BLOCKED',
          confidence: 0.99,
          violations: [
            { rule: 'NEVER store passwords in plaintext', location: 'auth.ts:78', severity: 'CRITICAL' },
          ],
        },
      ],
      givenScore: undefined,
      durationMs: 187,
      activeComponents: 68,
    });
  });

  it.each([
    ['unknown fields', stars(`"bio":{${star},"mood":{"a":[1]}}`, ',"new":[null,true]'), {}],
    [
      'null where nothing is known',
      stars(`"bio":{${star},"violations":null}`, ',"metadata":null,"recommendations":null'),
      {},
    ],
    ['a score', stars(`"bio":{${star}}`, ',"consciousness_score":61.5'), { givenScore: 61.5 }],
    ['a byte order mark', Buffer.from(`\ufeff${stars(`"bio":{${star}}`)}`), {}],
    ['UTF-16', Buffer.from(`\ufeff${stars(`"bio":{${star}}`)}`, 'utf16le'), {}],
    ['a name in other letters', stars(`"Λ watch_2":{${star}}`), {}],
    [
      'a time with a fraction',
      stars(`"bio":{${star}}`, ',"orchestrator_latency_ms":12.6'),
      { durationMs: 13 },
    ],
  ])('is taken with %s', async (_, content, expected) => {
    expect((await read(content)).analysis).toMatchObject(expected);
  });
});

describe('a bad file is refused with its place and what to do', () => {
  const shape = 'no MATRIZ analysis as the schema document has it:';
  const see = 'docs/matriz.md shows the shape.';
  const again = 'Something stopped before it was written. Write it again, as JSON.';
  const deep = 40;
  it.each([
    ['truncated', example.slice(0, 700), `a.json:28:6: the MATRIZ analysis ends in the middle. ${again}`],
    ['empty', ' \n', `a.json: the MATRIZ analysis is empty. ${again}`],
    ['not JSON', '<html>', `a.json:1:1: the MATRIZ analysis is not valid JSON. ${again}`],
    [
      'with NaN',
      stars(`"bio":{"status":"APPROVED",\n"confidence":NaN}`),
      `a.json:2:14: the MATRIZ analysis is not valid JSON: NaN is no JSON number. Python writes it for a number that is none: json.dump(…, allow_nan=False) finds where it comes from.`,
    ],
    [
      'with -Infinity',
      stars(`"bio":{"status":"APPROVED","confidence":-Infinity}`),
      /-Infinity is no JSON number/,
    ],
    ['with a line feed in a text', stars(`"bi\no":{${star}}`), /is not valid JSON/],
    [
      'of another shape',
      '{"meta":{"version":"7.6"},"files":{}}',
      `a.json:1:1: ${shape} stars: must be an object, and is missing. ${see}`,
    ],
    ['an array', '[1]', `a.json:1:1: ${shape} must be an object. ${see}`],
    ['without a star', stars(''), `a.json:1:10: ${shape} stars: must have a star. ${see}`],
    [
      'with a wrong status',
      stars(`"bio":{${star}},\n "guardian":{"status":"REJECTED","confidence":1}`),
      `a.json:2:23: ${shape} stars.guardian.status: must be APPROVED, CHANGES_REQUESTED or BLOCKED. ${see}`,
    ],
    [
      'without a confidence',
      stars(`"bio":{"status":"APPROVED"}`),
      `a.json:1:17: ${shape} stars.bio.confidence: must be a number, and is missing. ${see}`,
    ],
    [
      'with a confidence in percent',
      stars(`"bio":{"status":"APPROVED","confidence":96}`),
      /stars\.bio\.confidence: must not be above 1\./,
    ],
    [
      'with a score below 0',
      stars(`"bio":{${star}}`, ',"consciousness_score":-1'),
      /consciousness_score: must not be below 0\./,
    ],
    [
      'with a violation without its rule',
      stars(`"bio":{${star},"violations":[{"location":"a.py:1"}]}`),
      /violations\.0\.rule: must be text, and is missing\./,
    ],
    [
      'with a violation that is no object',
      stars(`"bio":{${star},"violations":["x"]}`),
      /violations\.0: must be an object\./,
    ],
    [
      'with 1,001 violations',
      stars(`"bio":{${star},"violations":[${Array(1001).fill('{"rule":"r"}').join()}]}`),
      /violations: must not have more than 1000 elements\./,
    ],
    [
      'with 101 stars',
      stars(Array.from({ length: 101 }, (__, i) => `"s${i}":{${star}}`).join()),
      /stars: must not have more than 100 stars\./,
    ],
    [
      'with a star called __proto__',
      stars(`"__proto__":{"status":"BLOCKED","confidence":1},"bio":{${star}}`),
      /a\.json:1:11: the MATRIZ analysis has a member called __proto__\./,
    ],
    ['with a star called by markup', stars(`"<b>":{${star}}`), /stars\.<b>: is no name for a star\./],
    [
      'with equal names',
      stars(`"guardian":{"status":"BLOCKED","confidence":1},\n"\\u0067uardian":{${star}}`),
      `a.json:2:1: the MATRIZ analysis has "guardian" twice in one object. ${see}`,
    ],
    [
      'nested deeply',
      `${'['.repeat(deep)}${']'.repeat(deep)}`,
      `a.json:1:33: the MATRIZ analysis nests values more than 32 deep. ${see}`,
    ],
    ['nested a million deep', '['.repeat(1_000_000), /nests values more than 32 deep/],
    ['with U+0000', stars(`"bio":{${star},"x":"a\\u0000"}`), /U\+0000 or half of a surrogate pair/],
    [
      'with half of a surrogate pair',
      stars(`"bio":{${star},"\\ud800":1}`),
      /U\+0000 or half of a surrogate pair/,
    ],
    [
      'with a number beyond all',
      stars(`"bio":{${star},"x":1e999}`),
      /a number that is too large, too small or too long/,
    ],
    [
      'with a number of nothing',
      stars(`"bio":{${star},"x":1e-99999999}`),
      /a number that is too large, too small or too long/,
    ],
    [
      'binary',
      Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x80]),
      /^a\.json: no MATRIZ analysis: .*\. Is it another file\? Name the JSON file that MATRIZ writes\.$/,
    ],
    [
      'compressed',
      gzipSync(example),
      'a.json: no MATRIZ analysis, but a file compressed by gzip. Unpack it first.',
    ],
    [
      'of more than 1 MB',
      `${' '.repeat(largestMatriz)}{}`,
      `a.json: the MATRIZ analysis has 2 MB; at most 1 MB are taken. Is it another file? Name the JSON file that MATRIZ writes.`,
    ],
  ])('%s', async (_, content, expected) => {
    const words = await refusal(read(content));
    if (typeof expected === 'string') expect(words).toBe(expected);
    else expect(words).toMatch(expected);
  });

  it('missing, a folder, a pipe, or 100 MB: without reading it', async () => {
    writeFileSync(join(folder, 'big.json'), '{');
    truncateSync(join(folder, 'big.json'), 100 * 1_048_576);
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const named = (name: string) => refusal(readMatriz(name, folder));
    expect(await named('none.json')).toBe(
      'none.json: the MATRIZ analysis does not exist. Name the JSON file that MATRIZ writes in --matriz.',
    );
    expect(await named('dir')).toMatch(/^dir: no file, but something else was given as MATRIZ analysis\./);
    expect(await named('pipe')).toMatch(/^pipe: no file, but something else/);
    expect(await named('big.json')).toMatch(
      /^big\.json: the MATRIZ analysis has 100 MB; at most 1 MB are taken\./,
    );
  });
});
