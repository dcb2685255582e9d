// `lukhas brief` and `lukhas mcp`
import { command, number, text, under } from '../../arguments.ts';
import { color, database, output, team } from '../../options.ts';

export const briefCommands = () => ({
  brief: command({
    summary: 'tell a run in short, for programs that mend code',
    details:
      'What failed, new or known, what fixed it before, where to look, and the command to run it again: at most 20 failures in about 1,500 tokens, the same bytes for the same rows. What tests and people wrote stands in fences that it cannot end.',
    options: {
      run: text('--run <id>', 'its first digits, or last, the one that was stored last; default: last'),
      limit: number('--limit <number>', 'how many failures are read at most, 1 to 1000; default 200', {
        from: 1,
        to: 1000,
        whole: true,
      }),
      ...under('Which runs', {
        repository: text(
          '--repository <name>',
          "acme/shop; default: the checkout's that you stand in, else all",
        ),
        branch: text('--branch <name>', 'only this branch'),
        lane: text('--lane <name>', 'only this lane'),
        job: text('--job <name>', "only the job of this name, such as 'test (3.13)'"),
      }),
      team: team('needed only where the login serves several teams'),
      ...database(),
      ...output(),
    },
    examples: ['lukhas brief', 'lukhas brief --run 01a21c34 --json | jq -r ".failures[].rerun_command"'],
    run: async (options, _, terminal) => (await import('../brief.ts')).brief(options, terminal),
  }),
  mcp: command({
    summary: 'answer programs that mend code, by the Model Context Protocol on standard input and output',
    details:
      'Tools: brief, run, test, failures, memories read; propose stores a memory that nobody is shown as known until a person accepts it with `lukhas healix accept`. Opens the database for each call.',
    options: {
      ...under('Which runs', {
        repository: text(
          '--repository <name>',
          "acme/shop; default: the checkout's that you stand in, else all",
        ),
      }),
      team: team('needed only where the login serves several teams'),
      ...database(),
      ...color(),
    },
    examples: ['lukhas mcp', 'lukhas mcp --repository acme/shop'],
    run: async (options, _, terminal) => (await import('../mcp.ts')).mcp(options, terminal),
  }),
});
