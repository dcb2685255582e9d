// The words of `lukhas-upload`, which is `lukhas upload` too. What it does is loaded only when it runs.
import { choice, choices, command, flag, list, text, under, usage } from '../arguments.ts';
import { failOnWords, parseFailOn } from '../fail-on.ts';
import { color, database, team } from '../options.ts';

export const uploadCommand = () =>
  command({
    summary: "read pytest's JUnit XML (and coverage.py's JSON) and store the run in your own PostgreSQL",
    words: '[file...]',
    usage: '[options] <report.xml | glob ...>  (- reads standard input)',
    examples: [
      'pytest --junitxml=results.xml; lukhas-upload results.xml',
      "lukhas-upload 'reports/**/*.xml' --coverage coverage.json",
      'lukhas-upload results.xml --database-url "$DATABASE_URL" --team payments --lane integration',
      `lukhas-upload results.xml --dry-run --json | jq 'select(.kind == "result" and .outcome == "failed")'`,
    ],
    closing: `Exit codes: 0 stored, or already stored before; 1 a bug of ours; 2 bad input or usage; 3 not stored, or not judged where a --fail-on option needs it; 4 a --fail-on option applies.`,
    options: {
      ...under('What to read', {
        coverage: list(
          '--coverage <coverage.json...>',
          'coverage.py JSON reports; several are added up',
          (word) => /\.json$/i.test(word),
        ),
        requireCoverage: flag(
          '--require-coverage',
          'exit with 2 when a coverage report is missing or cannot be used; else it is a warning',
        ),
        rootdir: text(
          '--rootdir <dir>',
          "pytest's rootdir, relative to the repository root (found by itself where possible)",
        ),
        onEmpty: choice(
          '--on-empty <what>',
          'what a report without a test is: an error (fail), a warning (warn), or nothing (ignore)',
          ['fail', 'warn', 'ignore'],
          'fail',
        ),
        allowIncomplete: flag('--allow-incomplete', 'store what is whole of a truncated report'),
      }),
      ...under('Where to store', {
        ...database(),
        team: team('needed only where the credential serves several teams'),
        allowPrivilegedRole: flag(
          '--allow-privileged-role',
          'store even as a superuser, owner or BYPASSRLS role (skips the tenant check)',
        ),
        dryRun: flag('--dry-run', 'read, sign and print; touch no database'),
      }),
      ...under('What to store with the run', {
        lane: text('--lane <name>', 'your own name for this kind of run'),
        matriz: text(
          '--matriz <analysis.json>',
          "MATRIZ's analysis of this change; its stars are shown, and its status can fail the build",
        ),
        markers: list(
          '--marker <name...>',
          'pytest markers that were selected',
          (word) => /^[\w:.-]+$/.test(word) && !/\.(?:xml|json)$/i.test(word),
        ),
        lambdaId: text('--lambda-id <id>', 'the person who ran the tests (users.lambda_id)'),
        repository: text(
          '--repository <name>',
          "the repository's name, where neither the CI system nor a git remote gives one, or another is wanted",
        ),
        uploadKey: text('--upload-key <text>', 'tells uploads of one job apart (matrix legs)'),
        createdAt: text(
          '--created-at <report | now | time>',
          "default report: pytest's own start time when it is plausible, else now",
        ),
        set: list(
          '--set <column=value...>',
          'override a detected value: git_sha, git_branch, ci_system, python_version, …',
          (word) => /^[a-z_]+=/.test(word),
        ),
      }),
      ...under('What to compare with', {
        diffBase: text(
          '--diff-base <branch | commit>',
          'tell how many statements that changed since it the tests ran; default: where a pull request or branch begins',
        ),
        baseBranch: text(
          '--base-branch <name>',
          'the branch failures are compared with; default: what the CI says, else main or master',
        ),
      }),
      ...under('Output', {
        json: flag('--json', 'JSON Lines on standard output, words for people on standard error'),
        failOn: choices(
          '--fail-on <when>',
          'exit with 4 when any test failed, when a failure is new, has nothing to compare with (no-history), or is unknown to Healix, or when MATRIZ blocked; several with commas between',
          failOnWords,
          (value) => parseFailOn(value, '--fail-on'),
        ),
        failOnPatchCoverage: text(
          '--fail-on-patch-coverage <percent>',
          'exit with 4 when the tests ran less than this of the changed statements',
        ),
        failOnCoverageDrop: text(
          '--fail-on-coverage-drop <points>',
          'exit with 4 when coverage fell by more than this, compared as failures are',
        ),
        capturedOutput: text(
          '--captured-output <lines>',
          'show so many of the last lines, up to 100, that each failed test printed to standard output and to standard error, where the report has them (pytest -o junit_logging=all); they are not stored',
        ),
        quiet: flag('-q, --quiet', 'print warnings and errors only'),
        verbose: flag('-v, --verbose', 'print every failure, and more of the coverage'),
      }),
      ...color(),
    },
    async run({ json, quiet, verbose, createdAt = 'report', markers, ...settings }, reports, terminal) {
      if (reports.length === 0) {
        throw usage('no report named', 'Name what pytest wrote with --junitxml: lukhas-upload results.xml');
      }
      const { upload } = await import('./upload.ts');
      const { color: _, noColor: __, ...raw } = settings;
      const names = markers.flatMap((marker) => marker.split(',')).filter((marker) => marker !== '');
      return upload(
        { ...raw, createdAt, markers: names, reports: [...reports] },
        { json, quiet, verbose, terminal },
      );
    },
  });
