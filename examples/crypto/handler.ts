import { threadId } from 'node:worker_threads';
// In your own project, import from 'lambda-managed-runtime/worker'.
import { useSharedData } from '../../workers/index.ts';
import type { Handler } from '../../workers/index.ts';
import { parseSigningKey, signToken } from './token.ts';
import { verifyPassword } from './users.ts';

export interface LoginEvent {
  readonly user: string;
  readonly password: string;
}

export type LoginAnswer =
  | { readonly ok: true; readonly token: string; readonly thread: number }
  | { readonly ok: false; readonly thread: number };

const key = parseSigningKey(useSharedData<typeof import('./key.ts')>().privateKey);

/**
 * The calls are synchronous on purpose, because this thread has no other work. The asynchronous variants would run in
 * libuv's thread pool, whose few threads all slots share.
 */
export const handler: Handler<LoginEvent, LoginAnswer> = ({ user, password }) => {
  if (typeof user !== 'string' || typeof password !== 'string' || password.length > 1024) {
    throw new TypeError('The event must have a user and a password of at most 1024 characters.');
  }
  if (!verifyPassword(user, password)) return { ok: false, thread: threadId };
  const now = Math.floor(Date.now() / 1000);
  const token = signToken({ sub: user, iat: now, exp: now + LIFETIME_S }, key);
  return { ok: true, token, thread: threadId };
};

const LIFETIME_S = 900;
