// The file that the page is written to, for both doors that write one.
import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../errors.ts';

/**
 * Checks where the page is to go, before a minute of reading.
 *
 * @throws InputError `page-unwritable`
 */
export async function requireWritable(out: string): Promise<void> {
  try {
    const found = await stat(out).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found?.isDirectory() === true) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    await access(found === undefined ? dirname(out) : out, constants.W_OK);
  } catch (error) {
    throw unwritable(out, error as NodeJS.ErrnoException);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'its name is too long',
};

function unwritable(out: string, { code, message }: NodeJS.ErrnoException): InputError {
  return new InputError({
    code: 'page-unwritable',
    message: `the page cannot be written to ${out}: ${reasons[code ?? ''] ?? code ?? message}`,
    fix: 'Name a file in a folder that is there and can be written to.',
  });
}

/** @throws InputError `page-unwritable` */
export async function writePage(out: string, html: string): Promise<void> {
  await writeFile(out, html).catch((error: NodeJS.ErrnoException) => {
    throw unwritable(out, error);
  });
}
