import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LOG_LEVELS } from '../../src/thread-settings.ts';
import { MODES, POLL_OPTIONS, startBootstrap } from '../helpers/start-runtime.ts';

const STDIO = ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'] as const;
const env = { _LAMBDA_TELEMETRY_LOG_FD: '4' };

interface Frame {
  readonly type: number;
  readonly epochUs: bigint;
  readonly text: string;
}

it.each([
  { format: 'JSON', type: 0xa55a0002 },
  { format: 'Text', type: 0xa55a0003 },
])(
  'with _LAMBDA_TELEMETRY_LOG_FD each $format line is a frame, and handlers do not see the variable',
  async ({ format, type }) => {
    const options = { concurrency: 4, threads: 2, logInvocations: false };
    const more = { env: { ...env, AWS_LAMBDA_LOG_FORMAT: format }, stdio: [...STDIO] };
    await using runtime = await startBootstrap('logs.mjs', options, more);
    const frames = framesOf(runtime.child.stdio[4] as Readable);
    await runtime.whenPolling(4);
    const started = BigInt(Date.now()) * 1000n;
    await Promise.all(
      [1, 2, 3, 4].map((n) => runtime.invoke({ do: 'levels' }, { requestId: `request-${n}` })),
    );
    const own = () => frames().filter(({ text }) => text.includes('request-2'));
    await expect.poll(() => own().length, POLL_OPTIONS).toBe(13);
    const ofConsole = own().filter(({ text }) => text.includes('console.'));
    const levels = ['TRACE', 'DEBUG', 'INFO', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
    expect(ofConsole.map((frame) => frame.type)).toEqual(
      levels.map((level) => (type | (4 * (1 + LOG_LEVELS.indexOf(level)))) >>> 0),
    );
    for (const { epochUs, text } of ofConsole) {
      expect(epochUs).toBeGreaterThanOrEqual(started);
      if (format === 'JSON') expect(JSON.parse(text)).toMatchObject({ requestId: 'request-2' });
      else expect(text).toMatch(/^\S+Z\trequest-2\t[A-Z]+\tconsole\.\w+\n$/);
    }
    expect(frames().some(({ text }) => text.includes('The runtime is ready'))).toBe(true);
    expect(runtime.output.stdout).toBe('');
    expect(await runtime.invoke({ do: 'variable' })).toBe(null);
  },
);

describe.each(MODES)(
  'the loggers of preloaded modules and of the handler, in %s',
  (_mode, _settings, options) => {
    it.each([
      { level: 'DEBUG', before: ['debug', 'info', 'warn'], later: 5 },
      { level: 'WARN', before: ['warn'], later: 3 },
    ])(
      'at $level, both write their lines of that level and above as frames',
      async ({ level, before, later }) => {
        await using runtime = await startBootstrap(
          'logs.mjs',
          {
            ...options,
            preload: [fileURLToPath(new URL('../fixtures/preloads/logs-early.mjs', import.meta.url))],
          },
          { env: { ...env, AWS_LAMBDA_LOG_LEVEL: level }, stdio: [...STDIO] },
        );
        const frames = framesOf(runtime.child.stdio[4] as Readable);
        const saying = (words: string) => frames().filter(({ text }) => text.includes(words));
        await runtime.invoke({ do: 'levels' }, { requestId: 'one' });
        await expect.poll(() => saying('logger.').length, POLL_OPTIONS).toBe(later);
        expect(
          saying('while preloaded').map(({ text }) => (JSON.parse(text) as { message: string }).message),
        ).toEqual(before.map((name) => `${name} while preloaded`));
        expect(runtime.output.stdout).toBe('');
      },
    );
  },
);

it('frames of long lines of many threads are whole', async () => {
  const more = { env, stdio: [...STDIO] };
  const options = { concurrency: 4 };
  await using runtime = await startBootstrap('logs.mjs', options, more);
  const frames = framesOf(runtime.child.stdio[4] as Readable);
  await runtime.whenPolling(4);
  await Promise.all([1, 2, 3, 4].map(() => runtime.invoke({ do: 'burst', lines: 40, withPino: true })));
  const messages = () => frames().filter(({ text }) => text.includes('"length"'));
  await expect.poll(() => messages().length, POLL_OPTIONS).toBe(80);
  for (const { text } of messages()) {
    const { message } = JSON.parse(text) as { message: { length: number; text: string } };
    expect(message.text).toHaveLength(message.length);
  }
});

/** Returns a function that gives all frames received so far. */
function framesOf(stream: Readable): () => Frame[] {
  let rest = Buffer.alloc(0);
  const frames: Frame[] = [];
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 16 && rest.length >= 16 + rest.readUInt32BE(4)) {
      const end = 16 + rest.readUInt32BE(4);
      frames.push({
        type: rest.readUInt32BE(0),
        epochUs: rest.readBigInt64BE(8),
        text: rest.toString('utf8', 16, end),
      });
      rest = rest.subarray(end);
    }
  });
  return () => frames;
}
