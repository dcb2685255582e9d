import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { block, code, inline } from '../../../src/tell/github/markdown.ts';
import { logLines } from '../../../src/tell/github/workflow-log.ts';
import { safeLine, safeText } from '../../../src/tell/safe.ts';
import { startProgress } from '../../../src/tell/terminal/progress.ts';
import { createPaint, fold, widthOf } from '../../../src/tell/terminal/terminal.ts';

/** What a terminal would act on. */
const active =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

describe('data on its way to a terminal', () => {
  it('can never move the cursor, recolour or reorder what is shown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (data) => {
        expect(safeText(data)).not.toMatch(active);
        expect(safeLine(data)).not.toMatch(active);
        expect(safeLine(data)).not.toContain('\n');
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['\u001b[31mred\u001b[0m', '␛[31mred␛[0m'],
    ['\u001b]8;;http://evil\u0007click', '␛]8;;http://evil␇click'],
    ['abc\rdef', 'abc␍def'],
    ['user\u202egnp.exe', 'user\\u202egnp.exe'],
    ['\u009b2J', '\\u009b2J'],
    ['del\u007f', 'del␡'],
    ['naïve 日本 😀\ttab\nline', 'naïve 日本 😀\ttab\nline'],
  ])('shows %j as %j', (data, shown) => {
    expect(safeText(data)).toBe(shown);
  });

  it('folds line feeds of one line into spaces', () => {
    expect(safeLine('a\n  b\r\nc\td')).toBe('a b c d');
    expect(safeLine(' two  blanks \u00a0')).toBe(' two  blanks \u00a0');
  });
});

describe('200,000 characters of data', () => {
  it.each([' ', '\n', ' \n', '\u202e', '`', '` ', '@a', '##[', '<!--', ':', '\u001b['])(
    'made of %j is shown before patience ends',
    (piece) => {
      const text = `a${piece.repeat(200_000 / piece.length)}b`;
      for (const show of [safeText, safeLine, inline, code, block, logLines]) {
        expect(show(text).length).toBeGreaterThan(1);
      }
    },
  );
});

describe('the width of a line', () => {
  it.each([
    ['abc', 3],
    ['naïve', 5],
    ['nai\u0308ve', 5],
    ['価格が', 6],
    ['한국어', 6],
    ['a 😀 b', 6],
    ['✓ ✗ … ━', 7],
  ])('of %j is %d columns', (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });

  it('is what folding keeps to, and no character is cut in two', () => {
    expect(fold('価格が間違っています', 9)).toBe('価格が間…');
    expect(fold('😀😀😀', 5)).toBe('😀😀…');
    expect(fold('just fits', 9)).toBe('just fits');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        const folded = fold(text, columns);
        expect(widthOf(folded)).toBeLessThanOrEqual(columns);
        expect(folded).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });
});

describe('the progress line', () => {
  const setting = (interactive: boolean) => {
    const drawn: string[] = [];
    let now = 0;
    const progress = startProgress(
      { interactive, columns: 80, paint: createPaint(false), draw: (text) => void drawn.push(text) },
      () => now,
    );
    const at = (ms: number) => {
      now = ms;
    };
    return { drawn, progress, at };
  };

  it('appears after about a second, ten times a second, and is removed at the end', () => {
    const { drawn, progress, at } = setting(true);
    progress.update('reading', 0.1);
    at(900);
    progress.update('reading', 0.2);
    expect(drawn).toEqual([]);
    at(1000);
    progress.update('reading', 0.5);
    at(1050);
    progress.update('reading', 0.6);
    at(1100);
    progress.update('reading', 0.7);
    expect(drawn).toHaveLength(2);
    expect(drawn[0]).toContain(' 50 % reading');
    progress.done();
    expect(drawn.at(-1)).toBe('\r\u001b[2K');
    at(5000);
    progress.update('late', 1);
    expect(drawn).toHaveLength(3);
  });

  it('makes way for what is said meanwhile, and comes back', () => {
    const { drawn, progress, at } = setting(true);
    at(1000);
    progress.update('reading', 0.5);
    progress.clear();
    progress.clear();
    expect(drawn.slice(1)).toEqual(['\r\u001b[2K']);
    at(1200);
    progress.update('reading', 0.6);
    expect(drawn.at(-1)).toContain(' 60 % reading');
  });

  it('draws nothing in pipes and CI logs', () => {
    const { drawn, progress, at } = setting(false);
    at(5000);
    progress.update('reading', 0.5);
    progress.done();
    expect(drawn).toEqual([]);
  });

  it('leaves nothing behind when the work was quick', () => {
    const { drawn, progress } = setting(true);
    progress.update('reading', 0.5);
    progress.done();
    expect(drawn).toEqual([]);
  });
});
