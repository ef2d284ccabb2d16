const http = require('node:http');
const { threadId } = require('node:worker_threads');

const urlOf = (kind, requestId) => `${process.env.UPSTREAM}/${kind}/${requestId}/${threadId}`;

/** Resolves when all invocations of the wave have called it. */
exports.hold = (requestId) =>
  new Promise((resolve, reject) => {
    http.get(urlOf('hold', requestId), (response) => response.resume().on('end', resolve)).on('error', reject);
  });

/** Resolves at once. */
exports.call = async (requestId) => (await fetch(urlOf('free', requestId))).text();
