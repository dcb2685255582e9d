// Names the repository outside CI, where no system does: by its remote, else by its first commit, else by its folder.
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import type { Naming } from '../errors.ts';
import type { Warning } from '../model.ts';
import type { Env } from './ci.ts';
import { fitColumn } from './columns.ts';
import { runGit } from './git.ts';
import { placeOf } from './remote.ts';

export interface Identity {
  /** `github.com/acme/shop`, `first-commit:<40 digits>` or `folder:<32 digits>`. */
  readonly repository: string | undefined;
  /** Of a remote. */
  readonly host: string | undefined;
  /** Where only the folder's path tells repositories apart, and containers have equal paths. */
  readonly unsure: Warning | undefined;
}

/**
 * The repository that a folder is in. `upstream` is asked before `origin`, so that a fork's clone counts for what it was forked from.
 *
 * @param root the checkout's root, undefined outside a repository
 */
export async function identifyRepository(
  folder: string,
  root: string | undefined,
  env: Env,
  naming: Naming,
): Promise<Identity> {
  if (root !== undefined) {
    const [remote] = await remotesOf(root, env);
    const repository = remote?.name ?? (await firstCommitOf(root, env));
    if (repository !== undefined)
      return {
        repository: fitColumn('repository', repository),
        host: fitColumn('repository', remote?.host),
        unsure: undefined,
      };
  }
  return identifyFolder(root ?? folder, env, naming);
}

/** The host of the checkout's remote that a CI system's name fits: it lies at github.com/acme/shop, and is acme/shop in CI. */
export async function hostOfRepository(
  name: string,
  root: string | undefined,
  env: Env,
): Promise<string | undefined> {
  const remotes = root === undefined ? [] : await remotesOf(root, env);
  return remotes.find((remote) => remote.name === `${remote.host}/${name.toLowerCase()}`)?.host;
}

interface Remote {
  readonly host: string;
  /** With the host. */
  readonly name: string;
}

/** Those that count, the first before the others. */
async function remotesOf(root: string, env: Env): Promise<readonly Remote[]> {
  const { stdout } = await runGit(root, ['remote'], env);
  const remotes = stdout.split('\n').filter((name) => name !== '');
  const known = ['upstream', 'origin'].filter((name) => remotes.includes(name));
  const found: Remote[] = [];
  for (const remote of known.length > 0 ? known : remotes.length === 1 ? remotes : []) {
    const url = await runGit(root, ['remote', 'get-url', '--', remote], env);
    const name = placeOf(url.stdout.split('\n')[0]);
    if (name !== undefined) found.push({ name, host: name.slice(0, name.indexOf('/')) });
  }
  return found;
}

/** The first commit of the first-parent line. A shallow clone does not know it. */
async function firstCommitOf(root: string, env: Env): Promise<string | undefined> {
  const shallow = await runGit(root, ['rev-parse', '--is-shallow-repository'], env);
  if (shallow.stdout.trim() !== 'false') return undefined;
  const { stdout, problem } = await runGit(
    root,
    ['rev-list', '--first-parent', '--max-parents=0', 'HEAD', '--'],
    env,
  );
  const sha = /^[0-9a-f]{40}/.exec(stdout)?.[0];
  return problem === undefined && sha !== undefined ? `first-commit:${sha}` : undefined;
}

function identifyFolder(folder: string, env: Env, naming: Naming): Identity {
  let real: string;
  try {
    real = realpathSync.native(folder);
  } catch {
    return { repository: undefined, host: undefined, unsure: undefined };
  }
  const hash = createHash('sha256').update(real).digest('hex').slice(0, 32);
  return {
    repository: `folder:${hash}`,
    host: undefined,
    unsure: isContainer(env) ? containerWarning(real, naming) : undefined,
  };
}

function isContainer(env: Env): boolean {
  return (
    existsSync('/.dockerenv') ||
    existsSync('/run/.containerenv') ||
    (env.KUBERNETES_SERVICE_HOST ?? '') !== '' ||
    (env.container ?? '') !== ''
  );
}

function containerWarning(folder: string, name: Naming): Warning {
  const option = name('repository');
  return {
    code: 'repository-by-folder',
    message: `git names no repository here: the run is stored for this folder, and equal folders of other containers are taken for it${option === undefined ? '' : `; name it with ${option}`}`,
    file: folder,
  };
}
