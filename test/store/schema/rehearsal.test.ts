// A small slice of `npm run rehearse:migration`, so that the rehearsal itself is known to work.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { long } from '../../support/long.ts';

test.runIf(long)(
  'a migration of a database in use fails no upload, holds up no read, waits for a reader and says for whom',
  async () => {
    // A machine that runs other tests meanwhile is slow: what queued behind the reader would wait longer than that still.
    const args = ['--runs', '2000', '--results', '40000', '--reader', '8', '--slack', '2'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      'scripts/rehearse-migration.ts',
      ...args,
    ]);
    expect(stdout).toContain('waiting for pid');
    expect(stdout).toContain('all bounds held');
  },
);
