// Performs the action that its event names, including harmful ones.
import { closeSync, openSync } from 'node:fs';

const kept = [];

export const handler = async (event) => actions[event.action](event);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const spin = () => {
  for (;;);
};

const actions = {
  echo: ({ n, filling }) => ({ n, length: filling.length }),
  compute: ({ n }) => {
    const end = performance.now() + 5;
    while (performance.now() < end);
    return { n };
  },
  wait: async ({ n, ms }) => {
    await pause(ms);
    return { n };
  },
  throw: () => {
    throw new TypeError('thrown');
  },
  'throw circular': () => {
    throw circularError('thrown');
  },
  'log circular': ({ n }) => {
    console.error('logged', circularError('logged'));
    console.error(linkedErrors(12));
    return { n };
  },
  exit: ({ code }) => process.exit(code),
  uncaught: async () => {
    setTimeout(() => {
      throw new RangeError('uncaught');
    }, 1);
    await pause(60_000);
  },
  reject: async () => {
    void Promise.reject(new RangeError('rejected'));
    await pause(60_000);
  },
  later: ({ n }) => {
    setTimeout(() => {
      throw new RangeError('too late');
    }, 5);
    return { n };
  },
  large: ({ bytes }) => 'x'.repeat(bytes),
  descriptors: async ({ n, ms }) => {
    const opened = openUntilRefused();
    await pause(ms);
    for (const descriptor of opened) closeSync(descriptor);
    return { n };
  },
  grow: () => {
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => index / 3));
  },
  buffers: ({ n, mib }) => {
    const buffers = Array.from({ length: mib / 8 }, () => Buffer.alloc(8 * 1024 * 1024, 1));
    return { n, survived: buffers.length };
  },
  // Waits, so that each slot gets one of several events at once.
  collect: async () => {
    gc();
    await pause(500);
  },
  spin,
  hang: () => new Promise(() => {}),
  'late spin': async ({ ms }) => {
    await pause(ms);
    spin();
  },
};

/** Creates an error with three kinds of circular reference. */
function circularError(message) {
  const error = new EvalError(message);
  const other = new Error('other', { cause: error });
  return Object.assign(error, { self: error, cause: error, other });
}

/** Creates a chain of errors in which each refers to the next one twice, so that printing grows exponentially. */
function linkedErrors(count) {
  let error = new Error('last');
  for (let n = 1; n < count; n += 1)
    error = Object.assign(new Error(`error ${n}`), { one: error, two: error });
  return error;
}

function openUntilRefused() {
  const opened = [];
  try {
    for (;;) opened.push(openSync('/dev/null'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  return opened;
}
