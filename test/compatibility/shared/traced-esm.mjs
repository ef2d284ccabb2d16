import { call, hold } from './upstream.mjs';

export const handler = async (event, { awsRequestId }) => {
  await hold(awsRequestId);
  await call(awsRequestId);
  console.log(`line of ${awsRequestId}`);
  return { requestId: awsRequestId };
};
