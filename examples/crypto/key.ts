/** Loaded once, on the main thread: the private key that signs tokens. All threads get the same one. */
import { generateKeyPairSync } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** In PEM. From the secret that `TOKEN_SECRET` names; without one, a new key for trials on your machine. */
export const privateKey = await readKey(process.env['TOKEN_SECRET']);

async function readKey(secret: string | undefined): Promise<string> {
  if (secret !== undefined) return fromSecretsManager(secret);
  // Lambda sets this variable. Tokens of a key that each environment generates would be valid in that environment only.
  if (process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] !== undefined) {
    throw new Error('Set TOKEN_SECRET to the name of the secret with the private key.');
  }
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function fromSecretsManager(secret: string): Promise<string> {
  const client = new SecretsManagerClient();
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secret }));
  client.destroy();
  if (SecretString === undefined) throw new Error(`The secret ${secret} has no text.`);
  return SecretString;
}
