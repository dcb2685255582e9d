// Writes src/tell/page/client.generated.ts: the page's own program and its style sheet, bundled as texts. Deterministic.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles the page's program; returns the sizes in bytes. */
export async function generatePage() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { page: 'src/tell/page/client/main.ts', style: 'src/tell/page/client/page.css' },
    outdir: 'out',
    write: false,
    bundle: true,
    format: 'iife',
    target: ['es2022', 'chrome103', 'firefox113', 'safari16.4'],
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    logLevel: 'warning',
  });
  const text = (ending) => outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? '';
  await writeFile(
    `${root}/src/tell/page/client.generated.ts`,
    `// Made by scripts/generate-page.mjs from src/tell/page/client; never edited.\nexport const script = ${JSON.stringify(text('.js'))};\nexport const style = ${JSON.stringify(text('.css'))};\n`,
  );
  return metafile;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await generatePage();
