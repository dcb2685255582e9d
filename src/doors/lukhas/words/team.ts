// `lukhas team …`
import { command, text } from '../../arguments.ts';
import { database, output } from '../../options.ts';

export const teamCommands = () => ({
  add: command({
    summary: 'add a team',
    words: '<slug>',
    options: {
      name: text('--name <text>', "the team's name for people; default: its slug"),
      ...database(),
      ...output(),
    },
    examples: ["lukhas team add payments --name 'Payments and billing'"],
    run: async (options, [slug = ''], terminal) =>
      (await import('../team.ts')).add({ ...options, slug }, terminal),
  }),
  list: command({
    summary: 'list the teams and their logins',
    options: { ...database(), ...output() },
    examples: ["lukhas team list --json | jq -r '.teams[].slug'"],
    run: async (options, _, terminal) => (await import('../team.ts')).list(options, terminal),
  }),
});
