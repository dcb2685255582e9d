// `lukhas report` and `lukhas open`
import { command, flag, number, text } from '../../arguments.ts';
import { database, output, team } from '../../options.ts';

const options = () => ({
  repository: text(
    '--repository <name>',
    'owner/name; default: the one that you stand in, else that of the newest run',
  ),
  baseBranch: text('--base-branch <branch>', 'the branch whose state is told; default: as uploads compare'),
  days: number('--days <number>', 'how far back, 1 to 3650; default 90', { from: 1, to: 3650, whole: true }),
  runs: number('--runs <number>', 'how many runs at most, the newest, 1 to 1000; default 300', {
    from: 1,
    to: 1000,
    whole: true,
  }),
  team: team('needed only where the login serves several teams'),
  ...database(),
  ...output(),
});

export const pageCommands = () => ({
  report: command({
    summary: 'write a page about the runs of a repository: one file that needs no network',
    details:
      'It shows whether the base branch is red and since when, each failure with its traceback and the command to run it again, flaky and slow tests, the trend, the grid of tests and runs, coverage, and what is known about failures.',
    options: {
      out: text('--out <path>', 'the file to write; default: report.html'),
      open: flag('--open', 'open it in the browser'),
      ...options(),
    },
    examples: ['lukhas report --open', 'lukhas report --repository acme/shop --runs 1000 --out shop.html'],
    run: async (given, _, terminal) => (await import('../report.ts')).report(given, terminal),
  }),
  open: command({
    summary: 'write that page to a temporary file, and open it in the browser',
    options: options(),
    examples: ['lukhas open'],
    run: async (given, _, terminal) =>
      (await import('../report.ts')).report(
        { ...given, out: undefined, open: true, temporary: true },
        terminal,
      ),
  }),
});
