import { generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LoginAnswer, LoginEvent } from '../../examples/crypto/handler.ts';
import { startRuntime } from '../helpers/start-runtime.ts';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
import { bootstrapOf, sampleEvent, startExample } from './example.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const login = sampleEvent('crypto') as LoginEvent;

let runtime: RunningRuntime;
let secretsManager: Server;
const asked: unknown[] = [];
beforeAll(async () => {
  secretsManager = await serveSecret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const { port } = secretsManager.address() as AddressInfo;
  runtime = await startExample('crypto', 2, {
    ...CREDENTIALS,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${port}`,
    TOKEN_SECRET: 'token-key',
  });
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  secretsManager.close();
});

it('the example crypto reads its key once for all threads, from the secret', () => {
  expect(asked).toEqual([{ SecretId: 'token-key' }]);
});

it('the example crypto answers its event with a token that the key has signed', async () => {
  const answer = await runtime.invoke<LoginAnswer>(login);
  const [header = '', claims = '', signature = ''] = (answer.ok ? answer.token : '').split('.');
  const signed = Buffer.from(`${header}.${claims}`);
  expect(verify(null, signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(decode(header)).toEqual({ alg: 'EdDSA', typ: 'JWT' });
  expect(decode(claims)).toMatchObject({ sub: 'ada' });
});

it('the example crypto works on two events at once in two threads', async () => {
  await runtime.whenPolling(2);
  const answers = await Promise.all([login, login].map((event) => runtime.invoke<LoginAnswer>(event)));
  expect(answers.map(({ ok }) => ok)).toEqual([true, true]);
  expect(answers.map(({ thread }) => thread).sort()).toEqual([1, 2]);
});

it.each([
  ['a wrong password', { ...login, password: 'guess' }],
  ['an unknown user', { ...login, user: 'eve' }],
  ['the password of the hash that stands in for unknown users', { user: 'eve', password: 'nobody' }],
])('the example crypto gives no token for %s', async (_, event) => {
  expect(await runtime.invoke(event)).toEqual({ ok: false, thread: expect.any(Number) });
});

it('the example crypto refuses an event without a password', async () => {
  const { error } = await runtime.failure({ user: 'ada' });
  expect(error?.errorType).toBe('TypeError');
});

it('the example crypto does not start on Lambda without a secret', async () => {
  const lambda = { AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances' };
  await using keyless = await startRuntime({ bootstrap: bootstrapOf('crypto'), concurrency: 2, env: lambda });
  expect((await keyless.exited).code).toBe(1);
  expect(keyless.api.initErrors).toMatchObject([
    {
      error: { errorType: 'Runtime.SharedDataError', errorMessage: expect.stringContaining('TOKEN_SECRET') },
    },
  ]);
});

it('the example crypto generates one key for all threads if it is given none', async () => {
  const keyless = await startExample('crypto', 2);
  try {
    const [one, two] = await loginsOfOneSecond(keyless);
    expect(one?.thread).not.toBe(two?.thread);
    // An Ed25519 signature has no random part: the same claims and the same key give the same token.
    expect(one).toEqual({ ...two, thread: one?.thread });
  } finally {
    await keyless[Symbol.asyncDispose]();
  }
});

async function loginsOfOneSecond(keyless: RunningRuntime): Promise<LoginAnswer[]> {
  await keyless.whenPolling(2);
  const answers = await Promise.all([login, login].map((event) => keyless.invoke<LoginAnswer>(event)));
  const claims = new Set(answers.map((answer) => (answer.ok ? answer.token.split('.')[1] : 'refused')));
  return claims.size === 1 ? answers : loginsOfOneSecond(keyless);
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

const CREDENTIALS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

/** Answers `GetSecretValue` as Secrets Manager does, and keeps the requests in {@link asked}. */
async function serveSecret(SecretString: string): Promise<Server> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    asked.push(JSON.parse(body));
    response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify({ SecretString }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}
