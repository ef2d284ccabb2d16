import { fileURLToPath } from 'node:url';
import semver from 'semver';
import { hold } from '../upstream.mjs';

const found = ['semver', 'lambda-managed-runtime'].map((name) => fileURLToPath(import.meta.resolve(name)));

export const handler = async (_event, { awsRequestId }) => {
  await hold(awsRequestId);
  return { requestId: awsRequestId, version: semver.valid('v1.2.3'), found };
};
