// The page about the repository's runs, for a step of the workflow that keeps it. A page that could not be written changes no verdict.
import { resolve } from 'node:path';
import type { CommitHistory } from '../../context/commits.ts';
import { InputError, StoreError } from '../../errors.ts';
import type { RunContext } from '../../model.ts';
import type { Connect } from '../../store/database/port.ts';
import { openAccess } from '../../store/schema/access.ts';
import { requireWritable, writePage } from '../page-file.ts';
import { version } from '../version.generated.ts';
import { log, warn } from './log.ts';

interface PageRequest {
  readonly path: string;
  readonly connect: Connect | undefined;
  readonly team: string | undefined;
  readonly baseBranch: string | undefined;
  readonly context: RunContext;
  readonly git: CommitHistory | undefined;
  /** Nothing of what is known about failures goes onto the page: as in the comment. */
  readonly hideSolutions: boolean;
  readonly now: Date;
}

const window = { days: 90, runs: 300 } as const;

export async function keepPage(request: PageRequest): Promise<void> {
  const { path, connect } = request;
  try {
    if (connect === undefined) {
      warn({ code: 'report-page', message: 'no report-page was written: it needs database-url' });
      return;
    }
    const out = resolve(path);
    await requireWritable(out);
    await writePage(out, await makePage(connect, request));
    log(`report-page: ${out}\n`);
  } catch (error) {
    const isExpected = error instanceof StoreError || error instanceof InputError;
    const why = isExpected ? error.message : `an internal error: ${String(error)}`;
    warn({ code: 'report-page', message: `no report-page was written: ${why}` });
  }
}

async function makePage(connect: Connect, request: PageRequest): Promise<string> {
  const { team: teamSlug, baseBranch, context, git, hideSolutions, now } = request;
  const { repository: name, repositoryHost: host } = context;
  const here = name === undefined ? undefined : { name, host };
  const [{ readPage }, { renderPage }] = await Promise.all([
    import('../../reporting.ts'),
    import('../../tell/page/page.ts'),
  ]);
  const db = await connect();
  try {
    const access = await openAccess(db, { teamSlug, allowPrivilegedRole: false });
    const facts = await readPage(db, access, {
      now,
      repository: undefined,
      here,
      checkout: git && {
        git,
        isOf: (run) => here !== undefined && run.repository === here.name.toLowerCase(),
      },
      baseBranch,
      hideSolutions,
      ...window,
    });
    return renderPage(facts, { madeAt: now, program: version, team: access.team.slug }).html;
  } finally {
    await db.close();
  }
}
