// Does what its event says, harm included.
const kept = [];

export const handler = async (event) => actions[event.action](event);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

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
  grow: () => {
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => index / 3));
  },
  spin: () => {
    for (;;);
  },
  hang: () => new Promise(() => {}),
};
