import { setTimeout } from 'node:timers/promises';

/** Waits the given number of ms, like a handler that calls another service. */
export const handler = async ({ ms }) => {
  await setTimeout(ms);
  return { waited: ms };
};
