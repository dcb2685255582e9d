// How an error becomes an exit code and words.
import { describe, expect, it } from 'vitest';
import { describeError, exitCodeOf } from '../../src/doors/process.ts';
import { InputError, ReportError, StoreError } from '../../src/errors.ts';
import { createPaint } from '../../src/tell/terminal/terminal.ts';

const details = { code: 'x', message: 'x' };

describe('the exit code', () => {
  it.each([
    [2, new InputError(details)],
    [2, new ReportError(details)],
    [3, new StoreError(details)],
    // Anything else is a bug of ours, whatever it is and whatever it calls itself.
    [1, new TypeError('x is not a function')],
    [1, Object.assign(new Error('x'), { name: 'InputError', code: 'x', exitCode: 0 })],
    [1, { ...details, name: 'StoreError' }],
    [1, Object.create(null)],
    [1, 'x'],
    [1, 0],
    [1, undefined],
  ])('is %i for %o', (code, error) => {
    expect(exitCodeOf(error)).toBe(code);
    const words = describeError(error, createPaint(false));
    expect(words.startsWith(code === 1 ? 'internal error:' : 'error:')).toBe(true);
  });
});
