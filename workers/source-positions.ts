/**
 * The entry of a short-lived thread that finds original positions, because parsing the map of a large bundle would block the
 * main thread for too long.
 */
import { parentPort } from 'node:worker_threads';
import { originalPositions } from './original-positions.ts';
import type { GeneratedPosition } from './original-positions.ts';

parentPort?.on('message', async (positions: readonly GeneratedPosition[]) => {
  parentPort?.postMessage(await originalPositions(positions));
});
