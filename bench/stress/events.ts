import type { InvokeResult } from '../../src/local/invoke.ts';

/** One event of the stress test, and how it must end. */
export interface StormEvent {
  readonly action: string;
  readonly body: string;
  readonly timeoutMs: number;
  /** Whether the result is acceptable for this event. */
  readonly fits: (result: InvokeResult) => boolean;
}

/** The function's memory. The runtime must end a handler that exceeds it before Lambda kills the environment. */
export const MEMORY_MIB = 2048;

/** Filling a heap of several hundred MiB takes up to half a minute and delays other invocations on the thread. */
const PATIENT_MS = 120_000;
/** The timeout of handlers that never end. */
const SHORT_MS = 200;
/** After the deadline and the grace period, when a shared thread is left to its other invocations. */
const ABANDONED_MS = 500;
/** Lambda accepts up to 6 MiB. */
const TOO_LARGE_BYTES = 6.5 * 1024 * 1024;

/** An event whose handler collects the garbage of its thread. */
export const COLLECT = JSON.stringify({ action: 'collect' });

interface Kind {
  readonly share: number;
  readonly fields?: (random: () => number) => object;
  readonly timeoutMs?: number;
  /** The error types that the caller may get; none if the invocation must succeed. */
  readonly errors?: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  echo: { share: 40, fields: (random) => ({ filling: 'x'.repeat(Math.floor(200_000 * random() ** 6)) }) },
  compute: { share: 25 },
  wait: { share: 15, fields: (random) => ({ ms: Math.floor(random() * 50) }) },
  throw: { share: 5, errors: ['TypeError'] },
  'throw circular': { share: 1, errors: ['EvalError'] },
  'log circular': { share: 1 },
  exit: {
    share: 3,
    fields: (random) => ({ code: Math.floor(random() * 3) }),
    errors: ['Runtime.ExitError'],
  },
  uncaught: { share: 3, errors: ['RangeError'] },
  reject: { share: 3, errors: ['Runtime.UnhandledPromiseRejection'] },
  later: { share: 3 },
  large: {
    share: 0.5,
    fields: () => ({ bytes: TOO_LARGE_BYTES }),
    errors: ['Function.ResponseSizeTooLarge'],
  },
  descriptors: { share: 0.5, fields: (random) => ({ ms: Math.floor(random() * 200) }) },
  grow: { share: 0.1, errors: ['Runtime.OutOfMemory'] },
  // Bounded, because a runtime that fails to stop the handler would exhaust the machine's memory.
  buffers: { share: 0.05, fields: () => ({ mib: MEMORY_MIB * 1.5 }), errors: ['Runtime.OutOfMemory'] },
  spin: { share: 0.7, timeoutMs: SHORT_MS, errors: ['Runtime.DeadlineExceeded'] },
  hang: { share: 0.7, timeoutMs: SHORT_MS, errors: ['Runtime.DeadlineExceeded'] },
  'late spin': {
    share: 0.4,
    fields: () => ({ ms: ABANDONED_MS }),
    timeoutMs: SHORT_MS,
    errors: ['Runtime.DeadlineExceeded'],
  },
};

/** Error types caused by other invocations on the thread, or by damage to the event in transit. */
const FOREIGN = [
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'Runtime.ThreadLost',
  'Runtime.ThreadTerminated',
];
const DAMAGED = 'Runtime.MalformedEvent';

/** The parameters of the random events. */
export interface EventMix {
  readonly random: () => number;
  /** Whether invocations share threads. */
  readonly sharedThreads: boolean;
  /** The excluded actions. */
  readonly without: ReadonlySet<string>;
}

export function drawEvent(n: number, { random, sharedThreads, without }: EventMix): StormEvent {
  const [action, kind] = drawKind(random, without);
  const { errors = [], timeoutMs = PATIENT_MS } = kind;
  const allowed = new Set([...errors, DAMAGED, ...(sharedThreads ? FOREIGN : [])]);
  return {
    action,
    body: JSON.stringify({ action, n, ...kind.fields?.(random) }),
    timeoutMs,
    fits: (result) => {
      if (result.status === 'response') return errors.length === 0 && isAnswerTo(n, result.body);
      if (result.status === 'timeout') return timeoutMs === SHORT_MS;
      return result.status === 'error' && allowed.has(result.error?.errorType ?? '');
    },
  };
}

function isAnswerTo(n: number, body: Buffer): boolean {
  return (JSON.parse(body.toString()) as { n: number }).n === n;
}

function drawKind(random: () => number, without: ReadonlySet<string>): [action: string, kind: Kind] {
  const entries = Object.entries(KINDS).filter(([action]) => !without.has(action));
  let left = random() * entries.reduce((sum, [, { share }]) => sum + share, 0);
  for (const entry of entries) {
    left -= entry[1].share;
    if (left < 0) return entry;
  }
  return entries[0] as [string, Kind];
}
