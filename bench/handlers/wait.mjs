import { setTimeout } from 'node:timers/promises';

/** Waits that many ms, as a handler does that calls another service. */
export const handler = async ({ ms }) => {
  await setTimeout(ms);
  return { waited: ms };
};
