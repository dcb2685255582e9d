// `lukhas team …`
import { command, flag, text } from '../../arguments.ts';
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
    options: { removed: flag('--removed', 'removed ones, too'), ...database(), ...output() },
    examples: ["lukhas team list --json | jq -r '.teams[].slug'"],
    run: async (options, _, terminal) => (await import('../team.ts')).list(options, terminal),
  }),
  remove: command({
    summary: 'remove a team: its logins are refused; its rows stay, and `restore` brings it back',
    details: "Takes an administrator's connection. The slug can be given to another team meanwhile.",
    words: '<slug>',
    options: { ...database(), ...output() },
    examples: ['lukhas team remove payments'],
    run: async (options, [slug = ''], terminal) =>
      (await import('../team.ts')).remove({ ...options, slug }, terminal),
  }),
  restore: command({
    summary: 'bring back the team of that slug that was removed last, with its logins',
    details: "Takes an administrator's connection.",
    words: '<slug>',
    options: { ...database(), ...output() },
    examples: ['lukhas team restore payments'],
    run: async (options, [slug = ''], terminal) =>
      (await import('../team.ts')).restore({ ...options, slug }, terminal),
  }),
});
