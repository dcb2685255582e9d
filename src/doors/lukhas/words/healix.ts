// `lukhas healix …`
import { command, flag, number, text } from '../../arguments.ts';
import { database, output, team } from '../../options.ts';

const own = () => ({ team: team('needed only where the login serves several teams') });
const scope = () => ({
  ...own(),
  shared: flag('--shared', 'the memories that all teams share, instead of one team’s'),
});
const common = () => ({ ...database(), ...output() });
const texts = () => ({
  solution: text('--solution <text>', 'what to do about it'),
  cause: text('--cause <text>', 'what it was'),
  probableCause: text('--probable-cause <text>', 'what is behind it'),
  type: text('--type <text>', 'env_var, dependency, code_fix, config, … (your own words)'),
  fixFile: text('--fix-file <path>', 'code to show beside the solution; text of at most 64 KB, never run'),
});

export const healixCommands = () => ({
  list: command({
    summary: 'list what the team knows about failures, best first',
    details: 'What programs proposed and nobody accepted stands apart, below.',
    options: {
      test: text('--test <text>', "any part of a test's name, also of the one that it has now"),
      signature: text(
        '--signature <signature>',
        'a failure signature (with or without md5:) or a drift signature',
      ),
      stale: flag(
        '--stale',
        'only what was not used for half a year, or failed at least three times and as often as it worked',
      ),
      limit: number('--limit <number>', 'how many at most, 1 to 100000; default 50', {
        from: 1,
        to: 100_000,
        whole: true,
      }),
      ...scope(),
      ...common(),
    },
    examples: [
      'lukhas healix list',
      "lukhas healix list --test test_database --json | jq '.memories[] | {id, solution}'",
    ],
    run: async (options, _, terminal) => (await import('../healix.ts')).list(options, terminal),
  }),
  show: command({
    summary: 'show one memory with everything that is known of it, a retired one too',
    details:
      "The id's first digits are enough where they tell it from all others. A suggested fix is shown as text and never run.",
    words: '<id>',
    options: { ...scope(), ...common() },
    examples: ['lukhas healix show 3f2504e0', 'lukhas healix show 3f2504e0 --json | jq -r .auto_fix_code'],
    run: async (options, [id = ''], terminal) =>
      (await import('../healix.ts')).show({ ...options, id }, terminal),
  }),
  rates: command({
    summary: 'list how often memories worked, the best first',
    details: 'Those that were tried at least five times.',
    options: {
      limit: number('--limit <number>', 'how many at most, 1 to 10000; default 20', {
        from: 1,
        to: 10_000,
        whole: true,
      }),
      ...own(),
      ...common(),
    },
    examples: ['lukhas healix rates', "lukhas healix rates --json | jq '.rates[0]'"],
    run: async (options, _, terminal) => (await import('../team-questions.ts')).rates(options, terminal),
  }),
  add: command({
    summary: 'remember what a stored failure was and what fixes it',
    details:
      "The failure is named by its number in the last run, as the upload's summary numbers it, or by its test: the test's latest, or the one with --run or --signature. Signatures and error type come from it as it was uploaded. On a terminal it asks for cause and solution where --solution does not give it.",
    words: '[number]',
    usage: '<number> | --test <node id> [options]',
    options: {
      test: text('--test <node id>', "the test, by pytest's whole node id"),
      run: text('--run <id>', 'its failure in this run, or the number in it'),
      signature: text(
        '--signature <signature>',
        'its latest failure with this signature, with or without md5:',
      ),
      ...texts(),
      confidence: number(
        '--confidence <0..1>',
        'how sure you are; default 0.5. Counts of what worked and failed move it.',
        { from: 0, to: 1 },
      ),
      ...own(),
      ...common(),
    },
    examples: [
      'lukhas healix add 1',
      "lukhas healix add --test 'tests/test_db.py::test_pool' --cause 'pool exhausted' --solution 'Raise max_connections to 200' --type config",
      "lukhas healix add --test 'tests/test_db.py::test_pool' --run 019ab2c4-5d00-7abc-8def-0123456789ab --solution 'See the patch' --fix-file fix.py",
    ],
    run: async (options, [number], terminal) =>
      (await import('../healix.ts')).add({ ...options, number }, terminal),
  }),
  edit: command({
    summary: 'change what a memory says',
    details: 'What is not named stays as it is: the failure that it is about, and what was counted.',
    words: '<id>',
    usage: '[options] <id>',
    options: {
      ...texts(),
      confidence: number('--confidence <0..1>', 'how sure you are now', { from: 0, to: 1 }),
      ...scope(),
      ...common(),
    },
    examples: ["lukhas healix edit 3f2504e0 --solution 'Raise max_connections to 400'"],
    run: async (options, [id = ''], terminal) =>
      (await import('../healix.ts')).edit({ ...options, id }, terminal),
  }),
  accept: command({
    summary: 'accept a memory that a program proposed: it is told as known from now on',
    details:
      'Through `lukhas mcp` a program may propose a memory. Nobody is shown it and nothing is learned from it until a person accepts it here. `retire` refuses it.',
    words: '<id>',
    options: {
      yes: flag('--yes', 'do not ask; needed where nobody can answer'),
      ...scope(),
      ...common(),
    },
    examples: ['lukhas healix show 3f2504e0', 'lukhas healix accept 3f2504e0'],
    run: async (options, [id = ''], terminal) =>
      (await import('../healix.ts')).accept({ ...options, id }, terminal),
  }),
  worked: command({
    summary: 'count that a solution worked',
    details:
      'Confidence becomes (worked + 1) / (worked + failed + 2). A breakage that a memory was told for counts by itself, as worked where a later commit repairs it; this is for what uploads cannot see.',
    words: '<id>',
    options: { ...scope(), ...common() },
    examples: ['lukhas healix worked 3f2504e0'],
    run: async (options, [id = ''], terminal) =>
      (await import('../healix.ts')).count({ ...options, id }, 'worked', terminal),
  }),
  failed: command({
    summary: 'count that a solution did not work',
    details: 'Confidence becomes (worked + 1) / (worked + failed + 2).',
    words: '<id>',
    options: { ...scope(), ...common() },
    examples: ['lukhas healix failed 3f2504e0'],
    run: async (options, [id = ''], terminal) =>
      (await import('../healix.ts')).count({ ...options, id }, 'failed', terminal),
  }),
  retire: command({
    summary: 'retire a memory: it matches nothing any more',
    details: 'Rows stay, because results refer to them; `unretire` brings a memory back.',
    words: '[id]',
    usage: '[options] <id> | --low-confidence [--dry-run]',
    options: {
      lowConfidence: flag(
        '--low-confidence',
        'all memories whose confidence is below 0.5 and that are older than six months, for instance from a monthly job',
      ),
      dryRun: flag('--dry-run', 'only list what --low-confidence would retire'),
      ...scope(),
      ...common(),
    },
    examples: ['lukhas healix retire 3f2504e0', 'lukhas healix retire --low-confidence --dry-run'],
    run: async (options, [id], terminal) =>
      (await import('../healix.ts')).retire({ ...options, id }, terminal),
  }),
  unretire: command({
    summary: 'bring a retired memory back',
    words: '<id>',
    options: { ...scope(), ...common() },
    examples: ['lukhas healix unretire 3f2504e0'],
    run: async (options, [id = ''], terminal) =>
      (await import('../healix.ts')).unretire({ ...options, id }, terminal),
  }),
  import: command({
    summary: 'import memories: all of a file or none',
    details:
      'An array of memories, a single one, or JSON Lines, in the form of the schema document and of `lukhas healix export`. test_name, failure_signature and solution are needed. An id that is a UUID is kept, any other is replaced; a memory that is there already under its id is left as it is. --shared needs an administrator’s connection.',
    words: '<file>',
    usage: '[options] <file | ->',
    options: { ...scope(), ...common() },
    examples: [
      'lukhas healix import memories.json',
      'lukhas healix export --team payments | lukhas healix import - --team search',
    ],
    run: async (options, [file = ''], terminal) =>
      (await import('../healix.ts')).importFile({ ...options, file }, terminal),
  }),
  export: command({
    summary: 'print all memories of the team as JSON that import takes',
    options: { ...scope(), ...common() },
    examples: ['lukhas healix export > memories.json'],
    run: async (options, _, terminal) => (await import('../healix.ts')).exportAll(options, terminal),
  }),
});
