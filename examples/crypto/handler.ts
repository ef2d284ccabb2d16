import { threadId } from 'node:worker_threads';
// In a project of your own: from 'lambda-managed-runtime/worker'.
import type { Handler } from '../../workers/index.ts';
import { readSigningKey, signToken } from './token.ts';
import { verifyPassword } from './users.ts';

export interface LoginEvent {
  readonly user: string;
  readonly password: string;
}

export type LoginAnswer =
  | { readonly ok: true; readonly token: string; readonly thread: number }
  | { readonly ok: false; readonly thread: number };

const key = readSigningKey(process.env['TOKEN_PRIVATE_KEY']);

/**
 * Synchronous on purpose: this thread has nothing else to do. The asynchronous forms would send the work to libuv's
 * pool, whose few threads all slots share.
 */
export const handler: Handler<LoginEvent, LoginAnswer> = ({ user, password }) => {
  if (typeof user !== 'string' || typeof password !== 'string' || password.length > 1024) {
    throw new TypeError('An event has a user and a password of at most 1024 characters.');
  }
  if (!verifyPassword(user, password)) return { ok: false, thread: threadId };
  const now = Math.floor(Date.now() / 1000);
  const token = signToken({ sub: user, iat: now, exp: now + LIFETIME_S }, key);
  return { ok: true, token, thread: threadId };
};

const LIFETIME_S = 900;
