import { generateKeyPairSync, verify } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LoginAnswer, LoginEvent } from '../../examples/crypto/handler.ts';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
import { sampleEvent, startExample } from './example.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const login = sampleEvent('crypto') as LoginEvent;

let runtime: RunningRuntime;
beforeAll(async () => {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  runtime = await startExample('crypto', 2, { TOKEN_PRIVATE_KEY: pem });
});
afterAll(() => runtime[Symbol.asyncDispose]());

it('the example crypto answers its event with a token that the key has signed', async () => {
  const answer = await runtime.invoke<LoginAnswer>(login);
  const [header = '', claims = '', signature = ''] = (answer.ok ? answer.token : '').split('.');
  const signed = Buffer.from(`${header}.${claims}`);
  expect(verify(null, signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(decode(header)).toEqual({ alg: 'EdDSA', typ: 'JWT' });
  expect(decode(claims)).toMatchObject({ sub: 'ada' });
});

it('the example crypto works on two events at once in two threads', async () => {
  await runtime.whenParked(2);
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

it('the example crypto signs with one key in all threads when it is given none', async () => {
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
  await keyless.whenParked(2);
  const answers = await Promise.all([login, login].map((event) => keyless.invoke<LoginAnswer>(event)));
  const claims = new Set(answers.map((answer) => (answer.ok ? answer.token.split('.')[1] : 'refused')));
  return claims.size === 1 ? answers : loginsOfOneSecond(keyless);
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
