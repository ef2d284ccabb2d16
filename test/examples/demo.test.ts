import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 120_000 });

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, ...args: string[]): Promise<Ended> {
  const path = fileURLToPath(new URL(`../../examples/demo/${file}`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

it('the demo ends with a table and the speed-up', async () => {
  const { code, stdout, stderr } = await run('main.ts', '--events', '2', '--slots', '2');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^1 slot : starting$/m);
  expect(stdout).toMatch(/^2 slots: 2\/2 images$/m);
  expect(stdout).toMatch(/│ +1 │ +2 │ +[\d.]+ s │ +[\d.]+ │ main 100 %/);
  expect(stdout).toMatch(/│ +2 │ +2 │ +[\d.]+ s │ +[\d.]+ │ #1 \d+ %, #2 \d+ %/);
  expect(stdout).toMatch(/^2 slots were \d+\.\d\d times as fast as one, on \d+ CPUs\.$/m);
});

it.each([
  ['--events', '0', '--events must be a whole number, 1 or more, but it is "0".'],
  ['--slots', 'two', '--slots must be a whole number, 2 or more, but it is "two".'],
])('the demo refuses %s %s', async (flag, value, message) => {
  expect(await run('main.ts', flag, value)).toEqual({
    code: 1,
    stdout: '',
    stderr: `The demo failed. ${message}\n`,
  });
});

it('an example can be invoked from the command line', async () => {
  const { code, stdout } = await run('invoke.ts', 'hello-json', '{"name":"Grace"}', '--slots', '2');
  expect(code).toBe(0);
  expect(stdout.match(/Hello, Grace!/g)).toHaveLength(2);
});

it('invoking an unknown example lists the known ones', async () => {
  const { code, stderr } = await run('invoke.ts', 'nothing');
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'Name an example: hello-json, image, crypto, background-tasks, shared-cache or streaming.\n',
  });
});

it('invoking an example fails with the error that the function answers', async () => {
  const { code, stderr } = await run('invoke.ts', 'image', '{"width":0}');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The function answered with an error: .*width must be a whole number/);
});
