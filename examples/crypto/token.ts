import { createPrivateKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Signs claims as a JSON Web Token with Ed25519 (`EdDSA`). */
export function signToken(claims: object, key: KeyObject): string {
  const content = `${encode({ alg: 'EdDSA', typ: 'JWT' })}.${encode(claims)}`;
  return `${content}.${sign(null, Buffer.from(content), key).toString('base64url')}`;
}

/**
 * Parses an Ed25519 private key in PEM.
 *
 * @throws Error when it is not an Ed25519 key.
 */
export function parseSigningKey(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new Error(`The private key must be an Ed25519 key, but it is of type ${key.asymmetricKeyType}.`);
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
