import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HANDLERS, MODES, POLL_OPTIONS, startBootstrap } from '../helpers/start-runtime.ts';

describe.each(MODES)('%s', (_mode, _settings, layout) => {
  it('functions that the runtime replaces have all properties of Node’s, hidden symbols too', async () => {
    await using runtime = await startBootstrap('replaced-functions.mjs', layout);
    const code = `import { looks } from ${JSON.stringify(`${HANDLERS}replaced-functions.mjs`)};
      console.log(JSON.stringify(looks()));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code]);
    const ofNode = JSON.parse(stdout) as Record<string, string[]>;
    expect(ofNode['write']).toContainEqual(expect.stringMatching(/^Symbol\(customPromisifyArgs\)/));
    expect(await runtime.invoke({ what: 'looks' })).toEqual(ofNode);
  });

  it('a promisified fs.write resolves with bytesWritten and buffer, whatever it writes to', async () => {
    await using runtime = await startBootstrap('replaced-functions.mjs', layout);
    const told = await runtime.invoke<boolean[][]>({ what: 'promisified' });
    expect(told).toEqual(told.map(() => [true, true]));
    const lines = () => [runtime.output.stdout, runtime.output.stderr].join('').match(/^promisified .*$/gm);
    await expect.poll(lines, POLL_OPTIONS).toHaveLength(8);
  });
});
