// A small slice of `npm run soak:retain`, so that the soak itself is known to work.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { long } from '../../support/long.ts';

test.runIf(long)(
  'retention beside uploads fails none, and killed and run again it comes to the same end',
  async () => {
    const size = ['--tests', '6', '--runs', '12', '--files', '1', '--kills', '4', '--slack', '3'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      'scripts/soak/retain.ts',
      ...size,
    ]);
    expect(stdout).toContain('run again, the same end');
    expect(stdout).toContain('all bounds held');
  },
  900_000,
);
