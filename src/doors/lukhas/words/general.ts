// Commands about the program itself.
import { command } from '../../arguments.ts';
import { exitCodes } from '../../process.ts';
import { version } from '../../version.generated.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

export const generalCommands = () => ({
  completion: command({
    summary: 'print a script that completes lukhas and lukhas-upload in your shell',
    words: '<shell>',
    choices: shells,
    usage: 'bash | zsh | fish',
    options: {},
    examples: [
      `echo 'source <(lukhas completion bash)' >> ~/.bashrc`,
      `echo 'source <(lukhas completion zsh)' >> ~/.zshrc`,
      'cd ~/.config/fish/completions && lukhas completion fish | tee lukhas-upload.fish > lukhas.fish',
    ],
    async run(_, [shell], terminal) {
      const { completionScript } = await import('../completion.ts');
      terminal.out(completionScript(shell as (typeof shells)[number]));
      return exitCodes.ok;
    },
  }),
  help: command({
    summary: 'show the help of a command',
    words: '[command...]',
    options: {},
    examples: ['lukhas help', 'lukhas help healix retire'],
    async run(_, words, _terminal, program) {
      program.find(words).outputHelp();
      return exitCodes.ok;
    },
  }),
  version: command({
    summary: 'print the version',
    options: {},
    examples: ['lukhas version'],
    async run(_, _words, terminal) {
      terminal.out(`lukhas ${version}`);
      return exitCodes.ok;
    },
  }),
  /** What the scripts of `completion` call at each Tab. */
  _complete: command({
    summary: 'print how a command line may go on',
    words: '[words...]',
    options: {},
    examples: [],
    async run(_, words, terminal, program) {
      const { complete } = await import('../completion.ts');
      terminal.out(complete(program, words).join('\n'));
      return exitCodes.ok;
    },
  }),
});
