// Help and guesses, over all commands: nothing that exists is missing, and nothing is named that does not exist.
import { describe, expect, it } from 'vitest';
import { type CommandLine, createProgram, everyCommand } from '../../src/doors/arguments.ts';
import { commandGuesses, optionGuesses } from '../../src/doors/guesses.ts';
import { lukhas } from '../../src/doors/lukhas/program.ts';
import { uploadCommand } from '../../src/doors/upload/command.ts';
import { runCli } from '../support/cli.ts';
import { captureTerminal } from '../support/terminal.ts';

const program = lukhas(captureTerminal(100).terminal);
const commands = everyCommand(program).filter((command) => !command.name().startsWith('_'));
const leaves = commands.filter((command) => command.children.length === 0);

function helpAt(path: string, columns: number): string {
  const { terminal, printed } = captureTerminal(columns);
  lukhas(terminal).find(path.split(' ').slice(1)).outputHelp();
  return printed();
}

describe('help', () => {
  it.each(leaves.map((command) => [command.path, command] as const))(
    '%s names each of its options and an example',
    (path, command) => {
      const help = helpAt(path, 100);
      for (const { long, hidden } of command.options) if (!hidden) expect(help).toContain(`${long}`);
      expect(help).toContain('--help');
      expect(help).toMatch(/\nExamples:\n {2}\S/);
      expect(help).not.toMatch(/default\s*\)/);
    },
  );

  it.each(['lukhas healix list', 'lukhas db grant', 'lukhas upload'])('%s names --team', (path) => {
    expect(helpAt(path, 100)).toContain('--team <slug>');
  });

  it('names --shared where memories may be those of all teams', () => {
    for (const name of ['list', 'show', 'worked', 'failed', 'retire', 'import', 'export'])
      expect(helpAt(`lukhas healix ${name}`, 100)).toContain('--shared');
  });

  it.each([60, 80, 120])('of every command fits %i columns', (columns) => {
    for (const { path } of commands) {
      const wide = helpAt(path, columns)
        .split('\n')
        // A shell word cannot be folded.
        .filter(
          (line) =>
            line.length > columns && line.trim().replace(/ \\$/, '').includes(' ') && !line.includes("'"),
        );
      expect([path, wide]).toEqual([path, []]);
    }
  });

  it('lists every command, and folds examples so that they can be pasted', () => {
    for (const { path } of leaves)
      expect(helpAt('lukhas', 100)).toMatch(new RegExp(`^ {2}${path.replace(/^\S+ /, '')} `, 'm'));
    const folded = helpAt('lukhas db setup', 60);
    expect(folded).toContain(' \\\n');
    expect(folded.replace(/ \\\n */g, ' ')).toContain(
      `  url=$(lukhas db setup --team payments --json | jq -er '.database_url // empty') && printf %s "$url" | gh secret set DATABASE_URL\n`,
    );
  });

  it('is the same for lukhas upload and lukhas-upload', () => {
    const { terminal, printed } = captureTerminal(100);
    createProgram('lukhas-upload', terminal).declare(uploadCommand(), terminal).outputHelp();
    expect(printed().replaceAll('lukhas-upload', 'lukhas upload')).toBe(
      helpAt('lukhas upload', 100).replaceAll('lukhas-upload', 'lukhas upload'),
    );
  });

  it.each([
    [
      ['help', 'healix', 'retire'],
      ['healix', 'retire', '--help'],
    ],
    [
      ['healix', 'help', 'retire'],
      ['healix', 'retire', '-h'],
    ],
    [
      ['help', 'db'],
      ['db', '--help'],
    ],
    [['help'], ['--help']],
  ])('%j is %j', async (one, other) => {
    const shown = await runCli('lukhas', one);
    expect(shown).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Usage: lukhas') });
    expect((await runCli('lukhas', other)).stdout).toBe(shown.stdout);
  });

  it.each([['version'], ['--version'], ['-v'], ['-V'], ['db', 'status', '-v'], ['upload', '-V']])(
    'lukhas %s prints the version',
    async (...args) => {
      expect(await runCli('lukhas', args)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^lukhas \d+\.\d+\.\d+\n$/),
      });
    },
  );
});

describe('a guess', () => {
  const names = (command: CommandLine) => command.options.flatMap(({ long }) => long ?? []);
  const options = new Set(commands.flatMap(names));

  it('of an option leads to one that exists, and is no option itself where it leads', () => {
    for (const [guess, answers] of Object.entries(optionGuesses)) {
      for (const answer of answers) {
        const name = answer.replace(/ .*/, '');
        expect(options).toContain(name);
        const clash = commands.filter(
          (command) => names(command).includes(name) && names(command).includes(guess),
        );
        expect([guess, name, clash.map(({ path }) => path)]).toEqual([guess, name, []]);
      }
    }
  });

  it('of a command leads to one that exists', () => {
    const paths = commands.map(({ path }) => path);
    for (const [group, guesses] of Object.entries(commandGuesses)) {
      for (const [guess, answers] of Object.entries(guesses)) {
        for (const answer of answers) expect(paths).toContain(`lukhas ${answer}`);
        expect(paths).not.toContain(['lukhas', group, guess].filter((word) => word !== '').join(' '));
      }
    }
  });
});
