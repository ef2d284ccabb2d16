import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../config/loopback.ts';

/**
 * Refuses an address that other machines could reach.
 *
 * @throws RangeError when `host` is not `localhost`, `::1` or in `127.0.0.0/8`.
 */
export function assertLoopback(host: string): void {
  if (!isLoopback(host)) {
    throw new RangeError(`The Runtime API server listens on loopback addresses only, not on ${host}`);
  }
}

/** The way a host and a port are written in one string: IPv6 addresses in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Whether a request was meant for this machine and was not sent by a web page of another origin. What a browser says of
 * the site goes before the origin: that is another one where a dev server passes on the requests of its own pages.
 */
export function isTrusted({ headers }: IncomingMessage): boolean {
  if (headers.host === undefined || !LOOPBACK_HOST.test(headers.host)) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return headers.origin === undefined || headers.origin === `http://${headers.host}`;
}

const LOOPBACK_HOST = /^(localhost|\[::1\]|127\.\d{1,3}\.\d{1,3}\.\d{1,3})(:\d{1,5})?$/i;
