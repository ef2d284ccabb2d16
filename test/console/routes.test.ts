import { readdir, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileResult } from '../../src/console/messages.ts';
import { MAX_PAYLOAD_BYTES } from '../../src/local/http-exchange.ts';
import { canProfileThreads } from '../../src/pool/cpu-profile.ts';
import { startBootstrap } from '../helpers/start-runtime.ts';
import { startFunction } from './function.ts';
import type { ConsoleFunction } from './function.ts';
import { LivePage } from './live-page.ts';

const BUNDLE = fileURLToPath(new URL('../../src/console/page/bundle', import.meta.url));
const RECORDING = [
  '--import',
  new URL('../fixtures/bootstraps/record-loading.mjs', import.meta.url).href,
] as const;
/** The built package has bundles in place of the modules. */
const sources = true;

describe('the routes of the console', () => {
  let running: ConsoleFunction;
  beforeAll(async () => {
    running = await startFunction(['--concurrency', '2'], { NODE_OPTIONS: RECORDING.join(' ') }, { sources });
  });
  afterAll(() => running[Symbol.asyncDispose]());

  it('the modules that serve the page are loaded at the first request', async () => {
    expect(resolved(running.local.output.stderr, 'console/local-console')).not.toEqual([]);
    expect(resolved(running.local.output.stderr, 'console/routes')).toEqual([]);
    await fetch(running.console);
    expect(resolved(running.local.output.stderr, 'console/routes')).not.toEqual([]);
  });

  it('the address is printed at the start', () => {
    expect(running.local.output.stderr).toContain(`Console            ${running.console}\n`);
  });

  it('the page, its script and its style come from this server and load nothing from elsewhere', async () => {
    const types = ['', '/', '/page.js', '/page.css'].map(async (path) => {
      const response = await fetch(running.console + path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self'/,
      );
      return response.headers.get('content-type')?.split(';')[0];
    });
    expect(await Promise.all(types)).toEqual(['text/html', 'text/html', 'text/javascript', 'text/css']);
    const html = await (await fetch(running.console)).text();
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = '']) => address);
    expect(addresses.filter((address) => !/^(\/_lambda\/console\/|data:)/.test(address))).toEqual([]);
  });

  it('requests below the path of the console never become events for the function', async () => {
    for (const path of ['/none', '/page.js.map', '/events/more', '/invocations/none']) {
      expect([path, (await fetch(running.console + path)).status]).toEqual([path, 404]);
    }
    expect((await fetch(running.console, { method: 'POST', body: '{}' })).status).toBe(404);
    await using page = await new LivePage(running.console).open();
    expect(page.snapshot?.invocations).toEqual([]);
  });

  it('a profile of 0 seconds is refused', async () => {
    expect(await profilesOf(running, '{"seconds":0}')).toMatchObject({
      status: 400,
      message: 'seconds must be a number above 0 and at most 60',
    });
  });

  it('serve the heap snapshot of a thread, or the reason if there is none', async () => {
    const snapshots = `${running.console}/heap-snapshots`;
    const response = await fetch(`${snapshots}/1`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ snapshot: { node_count: expect.any(Number) } });
    const missing = await fetch(`${snapshots}/99`);
    expect(missing.status).toBe(400);
    expect(await missing.json()).toMatchObject({ message: 'There is no thread 99.' });
    expect((await fetch(`${snapshots}/none`)).status).toBe(404);
  });

  it.each([
    ['an event', JSON.stringify({ event: `"${'x'.repeat(MAX_PAYLOAD_BYTES)}"` })],
    ['a request', JSON.stringify({ event: '{}', more: 'x'.repeat(2 * MAX_PAYLOAD_BYTES) })],
  ])('%s above the limit of Lambda is refused', async (_what, body) => {
    const response = await fetch(`${running.console}/invocations`, { method: 'POST', body });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ message: 'The event exceeds 6 MiB' });
  });

  const ROUTES = [
    ['GET', ''],
    ['GET', '/page.js'],
    ['GET', '/events'],
    ['GET', '/invocations/some'],
    ['POST', '/invocations'],
    ['DELETE', '/invocations'],
    ['POST', '/profiles'],
    ['GET', '/heap-snapshots/1'],
  ] as const;
  const STRANGERS = [
    { host: 'console.example' },
    { origin: 'http://console.example' },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];

  it.each(ROUTES)(
    '%s %s refuses other hosts, and requests from pages of other origins',
    async (method, path) => {
      for (const headers of STRANGERS) {
        expect([headers, await statusOf(running.console + path, method, headers)]).toEqual([headers, 403]);
      }
    },
  );
});

// In a process of its own, because V8 loses the coverage of a main thread that is profiled.
it.runIf(canProfileThreads())('the console takes profiles of all threads', async () => {
  await using running = await startFunction(['--concurrency', '2']);
  await using page = await new LivePage(running.console).open();
  const ready = () => [...page.threads.values()].filter(({ readyAt }) => readyAt !== undefined);
  await page.until(() => ready().length === 2);
  const { status, profiles } = await profilesOf(running, '{"seconds":0.05}');
  expect(status).toBe(200);
  expect(profiles.map(({ name }) => name)).toEqual(['main', 'thread-1', 'thread-2']);
});

async function profilesOf({ console }: ConsoleFunction, body: string) {
  const response = await fetch(`${console}/profiles`, { method: 'POST', body });
  const reply = (await response.json()) as ProfileResult & { readonly message?: string };
  return { status: response.status, ...reply };
}

it('on Lambda nothing of the console is loaded', async () => {
  await using runtime = await startBootstrap(
    'echo.mjs',
    { concurrency: 2 },
    { execArgv: RECORDING, sources },
  );
  await runtime.invoke(7);
  await runtime.stop();
  expect(resolved(runtime.output.stderr, '/src/observability/')).not.toEqual([]);
  expect(resolved(runtime.output.stderr, '/src/console/')).toEqual([]);
});

it('the bundle has less than 200 kB', async () => {
  const files = await readdir(BUNDLE);
  expect(files.toSorted()).toEqual(['index.html', 'licenses.txt', 'page.css', 'page.js']);
  const sizes = await Promise.all(files.map(async (file) => (await stat(`${BUNDLE}/${file}`)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThan(200_000);
});

function resolved(stderr: string, part: string): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('resolved ') && line.includes(part));
}

/** Sends any header, which fetch cannot. */
function statusOf(url: string, method: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asking = request(url, { method, headers }, (response) => {
    response.destroy();
    resolve(response.statusCode ?? 0);
  });
  asking.on('error', reject).end(method === 'POST' ? '{"event":"{}"}' : undefined);
  return promise;
}
