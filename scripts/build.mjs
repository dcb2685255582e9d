// Builds what is run: dist/cli (bundled, minus the embedded database, which npm installs). Deterministic: no absolute
// paths, no timestamps, names by content. ASCII alone, by esbuild's default: a single letter outside Latin-1
// doubles what V8 reads and keeps of a file. Writes src/doors/version.generated.ts from package.json first.
import { execFileSync } from 'node:child_process';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { generatePage } from './generate-page.mjs';
import { protocolWithoutForms } from './protocol-without-forms.mjs';

const root = new URL('..', import.meta.url);
process.chdir(root.pathname);
const { version } = JSON.parse(await readFile('package.json', 'utf8'));
await writeFile(
  'src/doors/version.generated.ts',
  `// Made by scripts/build.mjs from package.json; never edited.\nexport const version = '${version}';\n`,
);
// The page's own program goes into the bundles as a text.
const pageMetafile = await generatePage();
// pg and zod look whether they run at Cloudflare: pg makes a Response, which loads all of fetch, and zod asks for navigator,
// which Node makes when it is asked for.
const noCloudflare = { navigator: 'undefined', Response: 'undefined' };
// Else a variable of somebody's makes pg look for a driver in C.
const noNative = { 'process.env.NODE_PG_FORCE_NATIVE': 'undefined' };
// pg and its parts are CommonJS and require Node's own modules.
const requireBanner =
  "import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);";
// Names stay, so that the stack of a bug can be read: `keepNames` would set each one when the program starts, and again for every
// function that another one makes.
const smaller = { minifyWhitespace: true, minifySyntax: true };
const packed = await readFile('dist/cli/embedded.tar.gz').catch(() => Buffer.alloc(0));
await rm('dist/cli', { recursive: true, force: true });
/** The same for each program of the command line. */
const forCommandLine = {
  outdir: 'dist/cli',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  ...smaller,
  legalComments: 'none',
  chunkNames: 'chunks/[name]-[hash]',
  external: ['@electric-sql/pglite', '@electric-sql/pglite/nodefs', 'pg-native'],
  define: { ...noCloudflare, ...noNative },
  plugins: [protocolWithoutForms],
  banner: { js: requireBanner },
  metafile: true,
  logLevel: 'warning',
};
// Built by itself: parts shared with `lukhas` would lie in 33 files with much that an upload does not need, instead of in 10, and a
// small upload would take an eighth more of the processor's time.
const { metafile: uploadMetafile } = await build({
  ...forCommandLine,
  entryPoints: { upload: 'src/doors/upload/main.ts' },
});
const { metafile } = await build({
  ...forCommandLine,
  entryPoints: { lukhas: 'src/doors/lukhas/main.ts', 'sql-worker': 'src/doors/lukhas/sql-worker.ts' },
});

// The Action, from a bare checkout; what is seldom needed (Octokit, the database's driver) lies in chunks of its own, because
// reading a megabyte of source takes 40 ms. What is not asked for is left out (the toolkit brings a whole HTTP client for tokens
// that nobody asks for).
await rm('dist/action', { recursive: true, force: true });
const { metafile: actionMetafile } = await build({
  entryPoints: { index: 'src/doors/action/start.ts' },
  outdir: 'dist/action',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  ...smaller,
  legalComments: 'none',
  chunkNames: 'chunks/[name]-[hash]',
  external: ['pg-native'],
  define: { ...noCloudflare, ...noNative },
  banner: { js: requireBanner },
  plugins: [
    {
      name: 'toolkit-without-side-effects',
      setup({ onResolve, resolve }) {
        onResolve({ filter: /./ }, async ({ path, pluginData, ...rest }) => {
          const toolkit =
            /^(@actions\/|undici$)/.test(path) || /node_modules\/@actions\//.test(rest.importer);
          if (pluginData === 'resolved' || !toolkit || rest.kind === 'entry-point') return undefined;
          const found = await resolve(path, { ...rest, pluginData: 'resolved' });
          return { ...found, sideEffects: false };
        });
      },
    },
  ],
  metafile: true,
  logLevel: 'warning',
});

// Entry points are run as programs. esbuild made the files already, and writeFile sets the mode of new files only.
for (const name of ['upload', 'lukhas']) {
  const file = `dist/cli/${name}.js`;
  await writeFile(file, `#!/usr/bin/env node\n${await readFile(file, 'utf8')}`);
  await chmod(file, 0o755);
}

// What a new embedded database is made from. Versions of Node compress differently: an archive of the same files stays as it was.
const files = execFileSync(process.execPath, ['--import', 'tsx', 'scripts/embedded-archive.ts'], {
  maxBuffer: 2 ** 28,
});
await writeFile(
  'dist/cli/embedded.tar.gz',
  isArchiveOf(packed, files) ? packed : gzipSync(files, { level: 9 }),
);

function isArchiveOf(archive, files) {
  try {
    return gunzipSync(archive).equals(files);
  } catch {
    return false;
  }
}

// The licences of everything that was bundled.
const packages = new Set(['@electric-sql/pglite-prepopulatedfs']);
const metafiles = [uploadMetafile, metafile, actionMetafile, pageMetafile];
for (const input of new Set(metafiles.flatMap(({ inputs }) => Object.keys(inputs)))) {
  // A package may lie in another one's node_modules, in a version of its own.
  const match = /^node_modules\/((?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (match !== null) packages.add(match[1]);
}
const licences = [];
for (const name of [...packages].sort()) {
  const manifest = JSON.parse(await readFile(`node_modules/${name}/package.json`, 'utf8'));
  const text = (await licenceFile(name)) ?? (await licenceInReadme(name)) ?? (await licenceByName(manifest));
  licences.push(`${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})\n\n${text}\n`);
}
await writeFile('dist/licenses.txt', licences.join(`\n${'-'.repeat(72)}\n\n`).replaceAll('\r\n', '\n'));

async function licenceFile(name) {
  for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'license', 'License.md']) {
    const text = await readFile(`node_modules/${name}/${file}`, 'utf8').catch(() => '');
    if (text.trim() !== '') return text.trim();
  }
  return undefined;
}

/** Some packages have the text at the end of their README. */
async function licenceInReadme(name) {
  const readme = await readFile(`node_modules/${name}/README.md`, 'utf8').catch(() => '');
  const section = /^#+ *licen[cs]e\s*\n([\s\S]*?)(?=^#|$(?![\s\S]))/im.exec(readme)?.[1]?.trim() ?? '';
  return /permission is hereby granted/i.test(section) ? section : undefined;
}

/** A package that only names its licence gets the licence's own words, with its author. */
async function licenceByName({ name, license, author }) {
  const holder = typeof author === 'string' ? author : author?.name;
  // TypeScript's is the same, word for word.
  if (license === 'Apache-2.0' && holder !== undefined)
    return `Copyright ${holder}\n\n${(await readFile('node_modules/typescript/LICENSE', 'utf8')).trim()}`;
  const words = /Permission is hereby granted[\s\S]*?DEALINGS IN(?: THE)?\s+SOFTWARE\./;
  const mit = licences.map((text) => words.exec(text)?.[0]).find((text) => text !== undefined);
  if (license !== 'MIT' || holder === undefined || mit === undefined)
    throw new Error(`no licence text for ${name}`);
  return `The MIT License\n\nCopyright (c) ${holder}\n\n${mit}`;
}
