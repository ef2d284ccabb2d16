import http from 'node:http';
import { threadId } from 'node:worker_threads';

const urlOf = (kind, requestId) => `${process.env.UPSTREAM}/${kind}/${requestId}/${threadId}`;

/** Resolves when all invocations of the wave have called it. */
export const hold = (requestId) =>
  new Promise((resolve, reject) => {
    http.get(urlOf('hold', requestId), (response) => response.resume().on('end', resolve)).on('error', reject);
  });

/** Resolves at once. */
export const call = async (requestId) => (await fetch(urlOf('free', requestId))).text();
