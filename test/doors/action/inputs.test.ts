// What the inputs make of a job's name and key.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readInputs } from '../../../src/doors/action/inputs.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The key of a step with these inputs, as the runner gives them. */
function keyOf(inputs: Readonly<Record<string, string>>): string | undefined {
  vi.stubEnv('INPUT_REPORTS', 'results.xml');
  for (const [name, value] of Object.entries(inputs)) vi.stubEnv(`INPUT_${name.toUpperCase()}`, value);
  const { uploadKey } = readInputs(process.env).settings;
  vi.unstubAllEnvs();
  return uploadKey;
}

describe('the address of the page', () => {
  const addressOf = (value: string) => {
    vi.stubEnv('INPUT_REPORTS', 'results.xml');
    vi.stubEnv('INPUT_REPORT-PAGE-URL', value);
    return readInputs(process.env).reportPageUrl;
  };

  it('is taken without its fragment, and ends no link of Markdown', () => {
    expect(addressOf('https://acme.github.io/shop/report.html#known')).toBe(
      'https://acme.github.io/shop/report.html',
    );
    expect(addressOf('https://x.example/a(1) b')).toBe('https://x.example/a%281%29%20b');
    expect(addressOf('https://x.example/?a=`b|c')).toBe('https://x.example/?a=%60b%7Cc');
    expect(addressOf('')).toBeUndefined();
  });

  it.each(['report.html', 'javascript:alert(1)', 'https://user:secret@x.example/', 'https://'])(
    'is refused where it is none: %s',
    (value) => {
      expect(() => addressOf(value)).toThrow('is not the address of a page');
      expect(() => addressOf(value)).not.toThrow('secret');
    },
  );
});

describe('the upload key', () => {
  const matrix = (python: string) => `{"python": "${python}"}`;

  it("is the matrix's values, the input, or both", () => {
    expect(keyOf({ matrix: 'null' })).toBeUndefined();
    expect(keyOf({ matrix: matrix('3.12') })).toBe('{"python": "3.12"}');
    expect(keyOf({ 'upload-key': 'shop', matrix: 'null' })).toBe('shop');
    // A constant key in a matrix must not make one upload of all its jobs.
    const both = (python: string) => keyOf({ 'upload-key': 'shop', matrix: matrix(python) });
    expect(both('3.12')).not.toBe(both('3.13'));
    expect(both('3.12')).not.toBe(keyOf({ matrix: matrix('3.12') }));
  });

  it('differs where long matrices differ at their end', () => {
    const long = (end: string) => keyOf({ matrix: matrix('x'.repeat(600) + end) });
    expect(long('1')).not.toBe(long('2'));
    expect(long('1')?.length).toBeLessThanOrEqual(500);
  });
});
