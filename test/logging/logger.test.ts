import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { entryFile } from '../helpers/package-files.ts';

const WORKER = pathToFileURL(entryFile('workers/index.ts')).href;

it('without a runtime, as in unit tests, the logger writes to stdout at its own level', async () => {
  const { stdout } = await run(`
    logger.debug('too little');
    logger.level = 'debug';
    logger.debug('said');`);
  expect(JSON.parse(stdout)).toMatchObject({ level: 'DEBUG', message: 'said' });
});

it('the logger works from its first use, even if that only sets or looks up a property', async () => {
  expect((await run(`logger.level = 'warn'; logger.info('no'); console.log(logger.level);`)).stdout).toBe(
    'warn\n',
  );
  expect((await run(`console.log('child' in logger, 'other' in logger);`)).stdout).toBe('true false\n');
});

function run(code: string) {
  const text = `import { logger } from ${JSON.stringify(WORKER)}; ${code}`;
  return promisify(execFile)(process.execPath, ['--input-type=module', '--eval', text]);
}
