import { describe, expect, it } from 'vitest';
import { owned } from '../../src/read/owned.ts';

describe('owned', () => {
  it.each([
    ['a short text', 'test_a'],
    ['ASCII', 'tests/orders/test_orders.py::TestOrders::test_total'],
    ['Latin-1', 'tests/größe/test_größe.py::test_für_alle'],
    ['characters beyond Latin-1', 'tests/заказы/test_заказы.py::test_сумма'],
    [
      'characters whose lower bytes are letters',
      '\u0174\u0165\u0173\u0174\u015f\u0161\u0162\u0163\u0164\u0165\u0166\u0167\u0168',
    ],
    ['surrogate pairs', 'test_😀_and_😀_and_more_😀'],
    ['a text of a kilobyte', 'x'.repeat(1024)],
    ['a text of more than a kilobyte', 'xyz'.repeat(1024)],
    ['a long text beyond Latin-1', 'ж'.repeat(1024)],
    ['the empty text', ''],
  ])('copies %s unchanged', (_, text) => {
    expect(owned(`${text}|`.slice(0, -1))).toBe(text);
  });
});
