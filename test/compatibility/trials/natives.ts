import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import { UNSHARED } from '../group.ts';
import type { Group, Trial } from '../group.ts';

/** How many threads are lost in the middle of work. */
const TAKEN = 10;

/** Several threads work at the same time; threads are taken at a deadline in the middle of work, and the process lives. */
async function proveWork(running: FunctionProcess): Promise<void> {
  await running.ready();
  const expected = await running.call({});
  const results = await Promise.all(Array.from({ length: 16 }, () => running.call({})));
  for (const result of results) assert.deepEqual(result, expected);
  for (let taken = 0; taken < TAKEN; taken += 2) {
    const ended = await Promise.all(
      [1, 2].map(() => running.invoke({ endless: true }, { deadlineInMs: 1_500 })),
    );
    for (const result of ended)
      assert.equal(result.status, 'error', 'The runtime ends an invocation at its deadline.');
    assert.deepEqual(await running.call({}), expected);
  }
}

const trial = (name: string, more: Partial<Trial> = {}): Trial => ({
  name,
  packages: name.startsWith('node:') ? [] : [name],
  shown:
    '16 calls on four threads give the same result; the process survives ten deadlines that pass during the work',
  handlers: { 'ES module': 'index.handler' },
  layouts: [UNSHARED],
  env: () => ({ PACKAGE: name }),
  prove: proveWork,
  ...more,
});

const DOWNLOADED =
  'the install script downloads the binary from GitHub. The trials install packages from the registry alone.';

export const natives: Group = {
  name: 'natives',
  title: 'CPU-heavy and native packages',
  trials: [
    trial('@napi-rs/canvas'),
    trial('@node-rs/bcrypt'),
    trial('@swc/core', {
      set: '`NODE_OPTIONS="--require @swc/core"`, see [native addons](#native-addons)',
      env: () => ({ PACKAGE: '@swc/core', NODE_OPTIONS: '--require @swc/core' }),
    }),
    trial('argon2'),
    trial('bcrypt'),
    trial('better-sqlite3'),
    trial('canvas', { untried: DOWNLOADED }),
    trial('isolated-vm'),
    trial('jimp'),
    trial('node:sqlite'),
    trial('node:zlib'),
    trial('onnxruntime-node'),
    trial('pdf-lib'),
    trial('pdfjs-dist'),
    trial('pdfkit'),
    trial('re2'),
    trial('sharp'),
    trial('skia-canvas', { untried: DOWNLOADED }),
    trial('snappy'),
    trial('sodium-native'),
  ],
};
