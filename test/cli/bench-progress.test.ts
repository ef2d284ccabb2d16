import { afterEach, expect, it, vi } from 'vitest';
import { startProgress } from '../../src/cli/bench/terminal-report.ts';
import { madeUp } from './made-up-measurements.ts';

const isTTY = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');

afterEach(() => {
  vi.restoreAllMocks();
  if (isTTY === undefined) Reflect.deleteProperty(process.stderr, 'isTTY');
  else Object.defineProperty(process.stderr, 'isTTY', isTTY);
});

/** Captures stderr, which is a terminal or not. */
function stderr(terminal: boolean): () => string {
  Object.defineProperty(process.stderr, 'isTTY', { value: terminal, configurable: true, writable: true });
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return () => write.mock.calls.map(([text]) => String(text)).join('');
}

it('shows a progress bar on a terminal', () => {
  const written = stderr(true);
  const progress = startProgress();
  progress.step('4 slots', 0.5);
  progress.round(1, 2);
  progress.end();
  expect(written()).toMatch(/ 0 % \| /);
  expect(written()).toMatch(/ 50 % \| 4 slots/);
});

it('writes a line for each round and measurement if stderr is not a terminal', () => {
  const written = stderr(false);
  const progress = startProgress();
  progress.step('4 slots', 0.5);
  progress.round(1, 2);
  progress.measured(madeUp({ slots: 4, perSecond: 100 }));
  progress.end();
  expect(written()).toMatch(
    /^bench: round 1 of 2\nbench: 4 slots.*: 100 invocations\/s, p99 [\d.]+ ms, .* cores busy\n$/,
  );
});
