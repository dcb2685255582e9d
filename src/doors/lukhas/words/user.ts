// `lukhas user …`
import { choice, command, flag, list, text } from '../../arguments.ts';
import { database, output, team } from '../../options.ts';

const own = () => ({ team: team('the team that the person belongs to') });
const common = () => ({ ...own(), ...database(), ...output() });
const administrator = "Takes an administrator's connection, or a back end's";

export const userCommands = () => ({
  add: command({
    summary: 'add a person to a team, so that --lambda-id can name them',
    details: `${administrator}. Preferences are made with the person. The same person again changes nothing.`,
    words: '<lambda-id>',
    usage: '<lambda-id> --team <slug> --email <address> [options]',
    options: {
      email: text('--email <address>', 'unique in the database'),
      name: text('--name <text>', 'the name for people'),
      role: choice(
        '--role <role>',
        'what they are in the team',
        ['owner', 'admin', 'developer', 'viewer'],
        'developer',
      ),
      permissions: list(
        '--permission <area:right...>',
        'what they may do: read, write or admin of an area; default: tests:read coverage:read',
        (word) => /^[a-z][\w-]*:[a-z]+$/.test(word),
      ),
      ...common(),
    },
    examples: [
      "lukhas user add λ:user:a1b2c3d4 --team payments --email ada@example.com --name 'Ada Lovelace' --role owner",
      'lukhas user add λ:user:b2c3d4e5 --team payments --email bob@example.com --permission tests:read tests:write',
    ],
    run: async (options, [lambdaId = ''], terminal) =>
      (await import('../user.ts')).add({ ...options, lambdaId }, terminal),
  }),
  list: command({
    summary: 'list the people of a team',
    details: `${administrator}.`,
    options: { deleted: flag('--deleted', 'deleted ones, too'), ...common() },
    examples: [
      'lukhas user list --team payments',
      "lukhas user list --team payments --json | jq -r '.users[].email'",
    ],
    run: async (options, _, terminal) => (await import('../user.ts')).listAll(options, terminal),
  }),
  show: command({
    summary: 'show a person with passkeys, sessions and recent runs, by number',
    details: `${administrator}.`,
    words: '<lambda-id>',
    options: common(),
    examples: ['lukhas user show λ:user:a1b2c3d4 --team payments'],
    run: async (options, [lambdaId = ''], terminal) =>
      (await import('../user.ts')).show({ ...options, lambdaId }, terminal),
  }),
  deactivate: command({
    summary: 'keep a person from logging in, until they are restored',
    details: `${administrator}. Sessions end and passkeys are refused. The last owner of a team stays.`,
    words: '<lambda-id>',
    options: common(),
    examples: ['lukhas user deactivate λ:user:a1b2c3d4 --team payments'],
    run: async (options, [lambdaId = ''], terminal) =>
      (await import('../user.ts')).change({ ...options, lambdaId }, 'deactivate', terminal),
  }),
  delete: command({
    summary: 'delete a person; their rows stay, and `restore` brings them back',
    details: `${administrator}. Sessions end, passkeys are refused, and --lambda-id names them no more. Their e-mail can be given again. The last owner of a team stays.`,
    words: '<lambda-id>',
    options: common(),
    examples: ['lukhas user delete λ:user:a1b2c3d4 --team payments'],
    run: async (options, [lambdaId = ''], terminal) =>
      (await import('../user.ts')).change({ ...options, lambdaId }, 'delete', terminal),
  }),
  restore: command({
    summary: 'bring back a person who was deactivated or deleted',
    details: `${administrator}.`,
    words: '<lambda-id>',
    options: common(),
    examples: ['lukhas user restore λ:user:a1b2c3d4 --team payments'],
    run: async (options, [lambdaId = ''], terminal) =>
      (await import('../user.ts')).change({ ...options, lambdaId }, 'restore', terminal),
  }),
});
