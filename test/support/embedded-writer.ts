// A program: stores one run in the embedded database of a directory. `node --import tsx embedded-writer.ts <dir> <key>`.
import { openEmbedded } from '../../src/store/pglite.ts';
import { saveRun } from '../../src/store/runs.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from './runs.ts';

const [dir = '', key = ''] = process.argv.slice(2);
const results = Array.from({ length: 200 }, (_, number) => makeResult(number));
await saveRun(() => openEmbedded(dir), makeUpload(key), sourceOf(results), makeOptions());
