// Which files are meant: real folders with real files, links and pipes in them.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asOptions, InputError } from '../../src/errors.ts';
import { findFiles, listFolder, openReport, spoolInput } from '../../src/read/files.ts';
import { surveyReports } from '../../src/read/report/survey.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function make(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), '<testsuites/>');
  }
}

const find = async (...patterns: string[]) => {
  const { paths, problems } = await findFiles(patterns, {
    workingDirectory: folder,
    what: 'report',
    extension: '.xml',
  });
  for (const problem of problems) throw problem;
  return paths;
};

async function refusal(...patterns: string[]): Promise<InputError> {
  const error = await find(...patterns).then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof InputError)) throw new Error(`expected an InputError, got ${String(error)}`);
  return error;
}

describe('paths and globs', () => {
  it('are taken in the order they are named, a glob sorted', async () => {
    make('b.xml', 'a.xml', 'z/c.xml', 'z/d.txt');
    expect(await find('z/*.xml', '*.xml')).toEqual(['z/c.xml', 'a.xml', 'b.xml']);
    expect(await find('**/*.xml')).toEqual(['a.xml', 'b.xml', 'z/c.xml']);
    expect(await find('{b,a}.xml', join(folder, 'z/c.xml'))).toEqual(['a.xml', 'b.xml', 'z/c.xml']);
  });

  it('name a file once, however often it is meant', async () => {
    make('out/a.xml', 'here/b.xml');
    expect(
      await find(
        'out/a.xml',
        './out/a.xml',
        join(folder, 'out/a.xml'),
        'out/*.xml',
        join(folder, 'out/*.xml'),
      ),
    ).toEqual(['out/a.xml']);
    const there = { workingDirectory: join(folder, 'here'), what: 'report', extension: '.xml' };
    expect(await findFiles(['../out/a.xml', '../out/*.xml'], there)).toEqual({
      paths: [join(folder, 'out/a.xml')],
      problems: [],
      warnings: [],
    });
  });

  it('are files as they stand, even where they look like globs', async () => {
    make('results[3.12].xml', 'results3.xml', 'a*.xml', 'ab.xml', '{x}.xml', 'a?.xml', '!no.xml');
    for (const name of ['results[3.12].xml', 'a*.xml', '{x}.xml', 'a?.xml', '!no.xml'])
      expect(await find(name)).toEqual([name]);
  });

  it('leave out what is excluded, wherever the exclusion stands', async () => {
    make('new/a.xml', 'old/b.xml');
    expect(await find('!old/**', '**/*.xml')).toEqual(['new/a.xml']);
    expect(await find('**/*.xml', '!old/*.xml')).toEqual(['new/a.xml']);
  });

  it('are not parted by commas, and the message says so', async () => {
    make('a.xml', 'b.xml');
    expect((await refusal('a.xml,b.xml')).fix).toContain('Commas do not part names');
  });

  it('match in hidden folders, not among installed packages or in git', async () => {
    make('.reports/a.xml', 'node_modules/x/b.xml', '.git/c.xml');
    expect(await find('**/*.xml')).toEqual(['.reports/a.xml']);
  });

  it('with backslashes match as on Windows', async () => {
    make('out/a.xml');
    expect(await find('out\\*.xml')).toEqual(['out/a.xml']);
  });

  it('exclude a folder however it is written', async () => {
    make('new/a.xml', 'old/b.xml', 'old/deep/c.xml');
    for (const exclusion of ['!old', '!old/', '!./old', '!./old/**', '!old\\**', `!${folder}/old`])
      expect(await find('**/*.xml', exclusion), exclusion).toEqual(['new/a.xml']);
    expect(await find('old/**/*.xml', '!old/deep')).toEqual(['old/b.xml']);
    expect(await refusal('new/*.xml', 'old/*.xml', '!old')).toMatchObject({
      code: 'no-match',
      message: `no report is left for 'old/*.xml' in ${folder}: what it matches is excluded (old/b.xml)`,
    });
  });
});

describe('links', () => {
  const link = (target: string, name: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    symlinkSync(target, join(folder, name));
  };
  const warned = async (...patterns: string[]) => {
    const options = { workingDirectory: folder, what: 'report', extension: '.xml' };
    const { paths, warnings } = await findFiles(patterns, options);
    return { paths, warnings: warnings.map(({ message }) => message) };
  };
  let elsewhere = '';
  beforeEach(() => {
    elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'));
    mkdirSync(join(elsewhere, 'deep'));
    for (const name of ['o.xml', 'deep/p.xml']) writeFileSync(join(elsewhere, name), '<testsuites/>');
  });
  afterEach(() => rmSync(elsewhere, { recursive: true, force: true }));

  it('to folders and files in the workspace are followed by globs', async () => {
    make('runs/7/a.xml', 'kept/b.xml');
    link('runs/7', 'latest');
    link('../kept/b.xml', 'named/c.xml');
    expect(await find('l*/*.xml')).toEqual(['latest/a.xml']);
    expect(await find('latest/*.xml')).toEqual(['latest/a.xml']);
    expect(await find('named/*.xml')).toEqual(['named/c.xml']);
  });

  it('that are named are taken wherever they lead', async () => {
    make('out/a.xml');
    link(join(folder, 'out/a.xml'), 'latest.xml');
    link(join(elsewhere, 'o.xml'), 'far.xml');
    link(elsewhere, 'far');
    expect(await warned('latest.xml', 'far.xml')).toEqual({ paths: ['latest.xml', 'far.xml'], warnings: [] });
    expect(await warned('far/**/*.xml')).toEqual({
      paths: ['far/deep/p.xml', 'far/o.xml'],
      warnings: [],
    });
  });

  it('out of the workspace are not followed by globs, and named in a warning', async () => {
    make('a.xml');
    link(elsewhere, 'reports/far');
    link(join(elsewhere, 'o.xml'), 'reports/o.xml');
    link(join(elsewhere, 'o.xml'), 'reports/o.txt');
    expect(await warned('**/*.xml')).toEqual({
      paths: ['a.xml'],
      warnings: [expect.stringMatching(/^2 links lead out of .*: reports\/far, reports\/o\.xml\. To read/)],
    });
    expect(await warned('**/*.xml', '!reports')).toEqual({ paths: ['a.xml'], warnings: [] });
    expect(await warned('*.xml')).toEqual({ paths: ['a.xml'], warnings: [] });
  });

  it('in circles end, and each file is read once, by its own name', async () => {
    make('out/a.xml', 'x/b.xml', 'y/c.xml');
    link(join(folder, 'out'), 'out/again');
    link('..', 'out/up');
    link('../y', 'x/to');
    link('../x', 'y/to');
    link('self', 'self');
    link('nowhere', 'dead.xml');
    expect(await warned('**/*.xml')).toEqual({ paths: ['out/a.xml', 'x/b.xml', 'y/c.xml'], warnings: [] });
    expect(await find('out/again/*.xml', 'out/*.xml')).toEqual(['out/again/a.xml']);
  });

  it('to folders whose names begin alike are no circle', async () => {
    make('hidden/run/a.xml', 'hidden/run1/b.xml');
    link('../run1', 'hidden/run/next');
    link('hidden/run', 'latest');
    expect(await find('l*/**/*.xml')).toEqual(['latest/a.xml', 'latest/next/b.xml']);
  });

  it('that are too many are told, and the search ends', async () => {
    for (let i = 0; i < 9; i++) for (let k = 0; k < 9; k++) if (i !== k) link(`../${k}`, `${i}/to${k}`);
    make('0/a.xml');
    const { paths, problems } = await findFiles(['**/*.xml'], {
      workingDirectory: folder,
      what: 'report',
      extension: '.xml',
    });
    expect(paths).toEqual(['0/a.xml']);
    expect(problems).toMatchObject([{ code: 'too-many-links' }]);
  });

  it('to anything but a regular file are left out', async () => {
    make('a.xml');
    link('/dev/null', 'b.xml');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    link('pipe', 'c.xml');
    expect(await find('*.xml')).toEqual(['a.xml']);
  });
});

describe('what is not there', () => {
  it('is told with the patterns, the folder and the near misses, alike names first', async () => {
    make('junit.xml', 'build/result.xml', 'far/a/b/c/d.xml', 'node_modules/x.xml', 'notes.txt');
    utimesSync(join(folder, 'build/result.xml'), 1, 1);
    const error = await refusal('results.xml', 'out/*.xml');
    expect(error).toMatchObject({
      code: 'no-match',
      message: `no report found for 'results.xml', 'out/*.xml' in ${folder}`,
    });
    expect(error.fix?.split('\n')).toEqual([
      'Did you mean one of these?',
      '  build/result.xml',
      '  junit.xml',
    ]);
  });

  it('is told even where there is nothing near', async () => {
    make('notes.txt');
    expect((await refusal('results.xml')).fix).toMatch(/There is no \.xml file .*--junitxml=results\.xml/);
  });

  it('is a mistake even where another pattern matches', async () => {
    make('a.xml');
    expect(await refusal('a.xml', 'b*.xml')).toMatchObject({
      code: 'no-match',
      message: expect.stringContaining("'b*.xml'"),
    });
  });

  it('is a link in a circle, and one that leads nowhere', async () => {
    symlinkSync('loop.xml', join(folder, 'loop.xml'));
    symlinkSync('nowhere.xml', join(folder, 'dangling.xml'));
    for (const name of ['loop.xml', 'dangling.xml'])
      expect(await refusal(name)).toMatchObject({ code: 'no-match' });
  });
});

describe('what is no file', () => {
  it('is told: a folder, with the glob for what is in it', async () => {
    make('out/a.xml');
    expect(await refusal('out')).toMatchObject({
      code: 'not-a-file',
      message: 'this is a folder',
      fix: expect.stringContaining("'out/**/*.xml'"),
      place: { file: 'out' },
    });
  });

  it('is told: a pipe, which cannot be read twice', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.xml')]);
    expect(await refusal('pipe.xml')).toMatchObject({
      code: 'not-a-file',
      fix: expect.stringContaining('use - to read standard input'),
    });
    expect(await refusal('/dev/null')).toMatchObject({ code: 'not-a-file' });
    // Standard input is for reports alone.
    const { problems } = await findFiles(['pipe.xml'], {
      workingDirectory: folder,
      what: 'coverage report',
      extension: '.json',
    });
    expect(problems[0]?.fixIn(asOptions)).toBe('Pipes and devices cannot be read twice.');
    expect(await refusal('*.xml')).toMatchObject({ code: 'no-match' });
  });
});

describe('standard input', () => {
  it('is kept in a file of its own until it is removed', async () => {
    const { report, remove } = await spoolInput(
      Readable.from([Buffer.from('<test'), Buffer.from('suites/>')]),
    );
    expect(report).toMatchObject({ name: 'standard input', bytes: 13 });
    for (let reading = 0; reading < 2; reading++) {
      const chunks: Buffer[] = [];
      for await (const chunk of report.open()) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe('<testsuites/>');
    }
    await remove();
    await remove();
  });

  it('that breaks off leaves nothing behind', async () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = folder;
    try {
      const broken = new Readable({
        read() {
          this.destroy(new Error('gone'));
        },
      });
      await expect(spoolInput(broken)).rejects.toThrow('gone');
      expect(await listFolder(folder)).toEqual([]);
      expect(existsSync(folder)).toBe(true);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
});

describe('a report that cannot be read', () => {
  it('is the machine’s trouble and not a bug', async () => {
    make('a.xml');
    const report = await openReport('a.xml', folder);
    rmSync(join(folder, 'a.xml'));
    const read = async () => {
      for await (const _ of report.open());
    };
    await expect(read()).rejects.toMatchObject({
      name: 'InputError',
      message: 'the report cannot be read (ENOENT)',
      place: { file: 'a.xml' },
    });
  });

  it('from standard input is given up when it is cancelled', async () => {
    const cancelled = new AbortController();
    const spooled = spoolInput(new PassThrough(), cancelled.signal);
    cancelled.abort();
    await expect(spooled).rejects.toMatchObject({ name: 'InputError', code: 'cancelled' });
  });

  it('from standard input for want of room says where room is needed', async () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = join(folder, 'missing');
    try {
      await expect(spoolInput(Readable.from(['x']))).rejects.toMatchObject({
        name: 'InputError',
        code: 'not-spooled',
        fix: expect.stringContaining(join(folder, 'missing')),
      });
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
});

describe('a folder', () => {
  it('is listed without installed packages, hidden folders and links', async () => {
    make('a.py', 'tests/test_a.py', 'node_modules/x.js', '.venv/y.py', '.hidden/z.py', '.dotfile');
    symlinkSync(folder, join(folder, 'tests/loop'));
    expect((await listFolder(folder)).sort()).toEqual(['.dotfile', 'a.py', 'tests/test_a.py']);
  });

  it('opens its files with their names as a person gave them', async () => {
    make('out/a.xml');
    const report = await openReport('out/a.xml', folder);
    expect(report).toMatchObject({
      name: 'out/a.xml',
      bytes: readFileSync(join(folder, 'out/a.xml')).length,
    });
  });
});

describe('a report that is gone when it is opened', () => {
  it('fails when it is read, with its name, and takes no other one with it', async () => {
    make('a.xml');
    const reports = [await openReport('gone.xml', folder), await openReport('a.xml', folder)];
    const survey = await surveyReports(reports, { allowIncomplete: false });
    expect(survey.files.map(({ name }) => name)).toEqual(['a.xml']);
    expect(survey.problems).toMatchObject([
      { code: 'unreadable', message: 'the report cannot be read (ENOENT)', place: { file: 'gone.xml' } },
    ]);
    expect(survey.problems[0]?.fix).toContain('upload after pytest has ended');
  });
});

describe('a report that is written again while it is read', () => {
  // As many tests, of one length: nothing else tells that the one that failed is gone.
  const red = '<testsuites><testcase name="a"><failure/></testcase></testsuites>'.padEnd(600_000);
  const green = '<testsuites><testcase name="a"></testcase></testsuites>'.padEnd(600_000);
  const path = () => join(folder, 'a.xml');
  const changed = { code: 'changed-while-reading', place: { file: 'a.xml' } };
  const readAll = async (chunks: AsyncIterable<Buffer>) => {
    let bytes = 0;
    for await (const chunk of chunks) bytes += chunk.length;
    return bytes;
  };

  const begin = async () => {
    writeFileSync(path(), red);
    const report = await openReport('a.xml', folder);
    expect(await readAll(report.open())).toBe(600_000);
    const reading = report.open()[Symbol.asyncIterator]();
    await reading.next();
    return { report, rest: { [Symbol.asyncIterator]: () => reading } };
  };

  it('in place, is refused', async () => {
    const { report, rest } = await begin();
    writeFileSync(path(), green);
    await expect(readAll(rest)).rejects.toMatchObject(changed);
    await expect(readAll(report.open())).rejects.toMatchObject(changed);
  });

  it('as another file, is refused when it is opened the next time', async () => {
    const { report, rest } = await begin();
    writeFileSync(join(folder, 'new.xml'), green);
    renameSync(join(folder, 'new.xml'), path());
    expect(await readAll(rest)).toBeLessThan(600_000);
    await expect(readAll(report.open())).rejects.toMatchObject(changed);
  });
});
