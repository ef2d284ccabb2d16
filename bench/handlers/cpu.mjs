import { crunch } from './crunch.mjs';

/** Computes for a while. */
export const handler = async ({ iterations }) => ({ digest: crunch(iterations) });
