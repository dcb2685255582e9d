// How often the judging is wrong, on random histories of whole repositories in which the cause of each failure is known, beside
// the former rules on the same facts.
//   npm run quality:histories -- [--histories 400] [--seed 1] [--errors "real break passes"]
import { parseArgs } from 'node:util';
import { makeHistory } from '../test/support/histories.ts';
import { startErrors } from '../test/support/history-errors.ts';

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    errors: { type: 'string' },
  },
});
const began = Date.now();
const errors = startErrors();
for (let i = 0; i < Number(values.histories); i++)
  errors.add(makeHistory(Number(values.seed) + i), {
    onError: (row, history, place, test) => {
      if (values.errors !== undefined && row.startsWith(values.errors))
        console.log(
          `${row}  history ${history.seed} run ${place} ${test} ${history.runs[place]?.stored.branch}`,
        );
    },
  });
const percent = ({ wrong, of }: { wrong: number; of: number }) =>
  of === 0 ? '—' : `${((100 * wrong) / of).toFixed(2)} % (${wrong} of ${of})`;
console.log(
  `${values.histories} histories, ${errors.runs} runs, ${errors.failures} failures, ${Date.now() - began} ms`,
);
for (const [row, { now, former }] of [...errors.rows].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${row.padEnd(40)} ${percent(now).padEnd(28)} ${percent(former)}`);
