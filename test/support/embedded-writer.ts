// A program: stores one run in the embedded database of a directory. `node --import tsx embedded-writer.ts <dir> <key>`.

import { saveRun } from '../../src/store/runs/save.ts';
import { openEmbedded } from '../../src/store/schema/embedded.ts';
import { makeOptions, makeResult, makeUpload, sourceOf } from './runs.ts';

const [dir = '', key = ''] = process.argv.slice(2);
const results = Array.from({ length: 200 }, (_, number) => makeResult(number));
await saveRun(() => openEmbedded(dir), makeUpload(key), sourceOf(results), makeOptions());
