// What both uploading doors find around a run: its context, the files of its checkout, and the way to the database.
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { beginningOf } from '../context/beginning.ts';
import {
  applySuiteProperties,
  completeGitSha,
  type DetectedContext,
  detectContext,
  findCheckoutBelow,
  nameJob,
  overrideContext,
} from '../context/context.ts';
import { hostOfName } from '../context/remote.ts';
import { InputError, type Naming } from '../errors.ts';
import type { Surroundings } from '../ingest.ts';
import { listFolder, readStart } from '../read/files.ts';
import type { Settings } from '../settings.ts';
import { type Opening, openEarly } from '../store/database/open-early.ts';
import type { Connect } from '../store/database/port.ts';
import type { TeamConnection } from '../store/schema/access.ts';

export interface DetectedSurroundings extends Surroundings {
  readonly detected: DetectedContext;
  readonly checkout: NonNullable<Surroundings['checkout']>;
}

/** Detects commit, CI system and checkout. `distinction` tells this job from others of its name. */
export async function detectSurroundings(
  settings: Settings,
  workingDirectory: string,
  distinction: string | undefined,
  naming: Naming,
): Promise<DetectedSurroundings> {
  const { env } = process;
  const cwd = (await findCheckoutBelow(env, workingDirectory)) ?? workingDirectory;
  const found = await detectContext({ env, cwd, naming, listsFiles: true });
  const isShared = settings.databaseUrl !== undefined && !settings.dryRun;
  const unsure = isShared && settings.repository === undefined ? found.unsureRepository : undefined;
  const detected = { ...found, warnings: [...found.warnings, ...(unsure === undefined ? [] : [unsure])] };
  const root = detected.repositoryRoot ?? workingDirectory;
  const paths = (await detected.trackedFiles()) ?? (await listFolder(root));
  requireRootdir(settings.rootdir, root, paths);
  const { sets, tested } = await completeGitSha(settings.set, detected);
  return {
    detected,
    context: (properties) => {
      const context = nameJob(applySuiteProperties(detected.context, properties, env), distinction);
      const { lane, markers, lambdaId, repository = context.repository } = settings;
      const named = tested === undefined ? {} : { tested, kind: 'head' as const };
      const overridden = overrideContext({ ...context, ...named, lane, markers, lambdaId, repository }, sets);
      return overridden.repository === context.repository
        ? overridden
        : { ...overridden, repositoryHost: hostOfName(overridden.repository) };
    },
    repositoryRoot: detected.repositoryRoot,
    named: detected.named,
    git: detected.history,
    // A commit that was named is the one that the report must be of.
    beginning: tested === undefined ? detected.beginning : beginningOf(tested.gitSha, tested.committedAt),
    checkout: {
      root: root.replaceAll('\\', '/'),
      paths,
      readText: (path) => readStart(join(root, path)),
    },
  };
}

/** A rootdir that is not there would give every test another name. Without a checkout nothing can be said. */
function requireRootdir(rootdir: string | undefined, root: string, paths: readonly string[]): void {
  if (rootdir === undefined || paths.length === 0) return;
  const found = statSync(join(root, rootdir), { throwIfNoEntry: false });
  if (!isAbsolute(rootdir) && found?.isDirectory() === true) return;
  throw new InputError({
    code: 'rootdir',
    message: isAbsolute(rootdir)
      ? `the rootdir ${rootdir} is an absolute path`
      : `the rootdir ${rootdir} ${found === undefined ? 'does not exist' : 'is no folder'} in ${root}`,
    fix: "It is pytest's rootdir relative to the repository's root, such as services/shop; where it is left away it is looked for.",
  });
}

/** The way to a database; a server's is begun early. */
export type TeamOpening = Opening<TeamConnection>;

/**
 * Begins to connect to the server that the settings name, and to ask who the connection works for; undefined where they name none.
 * `onRemark` gets each remark once, however often the connection is opened.
 */
export function openServer(settings: Settings, onRemark: (remark: string) => void): TeamOpening | undefined {
  const { databaseUrl, sslCa, team, allowPrivilegedRole } = settings;
  if (databaseUrl === undefined) return undefined;
  const remarks = new Set<string>();
  const open: Connect = async (limits) => {
    const { openPostgres } = await import('../store/database/pg.ts');
    return openPostgres(databaseUrl, {
      ...limits,
      sslCa,
      env: process.env,
      onRemark: (remark) => {
        if (!remarks.has(remark)) onRemark(remark);
        remarks.add(remark);
      },
    });
  };
  return openEarly(open, async (connect) => {
    const connecting = connect();
    connecting.catch(() => {});
    // The driver first: while the rest is loaded, the server answers its first message.
    await import('../store/database/pg.ts');
    await new Promise((resolve) => setImmediate(resolve));
    const { openTeam } = await import('../storing.ts');
    return openTeam(() => connecting, { teamSlug: team, allowPrivilegedRole });
  });
}
