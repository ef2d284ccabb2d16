import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** Derives a key in libuv's pool. */
export const handler = async ({ rounds }) => {
  const key = await derive('password', 'salt', rounds, 32, 'sha256');
  return { key: key.toString('hex') };
};
