import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { codeBlocks } from '../docs/code-blocks.ts';

vi.setConfig({ testTimeout: 120_000 });

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const INVOKE = 'node examples/demo/invoke.ts ';

/** The commands of the examples' READMEs that show their output, which is the block after the command. */
const SHOWN = globSync('examples/*/README.md', { cwd: PROJECT })
  .sort()
  .flatMap((page) => {
    const blocks = codeBlocks(readFileSync(PROJECT + page, 'utf8'));
    return blocks.flatMap(({ code }, at) => {
      const command = code.trim();
      const output = blocks[at + 1]?.code.trim() ?? '';
      return command.startsWith(INVOKE) && /^[[{]/.test(output) ? [{ page, command, output }] : [];
    });
  });

it('each example shows its output', () => {
  const pages = new Set(SHOWN.map(({ page }) => page.split('/')[1]));
  expect([...pages]).toEqual([
    'background-tasks',
    'crypto',
    'hello-json',
    'image',
    'shared-cache',
    'streaming',
  ]);
});

it.each(SHOWN)('$command prints what $page shows', async ({ command, output }) => {
  const printed = await new Promise<string>((resolve, reject) => {
    // A shell splits the arguments, as it does for the reader.
    execFile(
      'sh',
      ['-c', command.replace('node', '"$0"'), process.execPath],
      { cwd: PROJECT },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
  });
  expect(comparable(printed)).toEqual(comparable(output));
});

/** The lines of an output without what differs from run to run, sorted, because slots work in parallel. */
function comparable(output: string): string[] {
  return (
    output
      .replaceAll(/^ +at .*\n?/gm, '')
      .replaceAll(/"(?:[^"]*\/)?(examples|workers)\//g, '"$1/')
      .replaceAll(/file:\/\/[^"]*?\/(examples|workers|src)\//g, '$1/')
      // Line numbers in the runtime change with each edit.
      .replaceAll(/((?:workers|src)\/[\w/-]+\.ts):\d+:\d+/g, '$1:<line>')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<request id>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replaceAll(/"token":"[\w-]+\.[\w-]+\.[\w-]+"/g, '"token":"<token>"')
      .replaceAll(
        /"(thread|ms|bytes|durationMs|dispatchMs|handlerMs|cpuMs|backgroundMs)":[\d.]+/g,
        '"$1":<number>',
      )
      .trim()
      .split('\n')
      .sort()
  );
}
