// Bundled with one version of the store.
import { InvokeStore } from '@aws/lambda-invoke-store';
import { hold } from './upstream.mjs';

export const handler = async (_event, { awsRequestId }) => {
  // 0.1 exports the store itself.
  const store = 'getInstanceAsync' in InvokeStore ? await InvokeStore.getInstanceAsync() : InvokeStore;
  store.set('order', awsRequestId);
  await hold(awsRequestId);
  console.log(`line of ${awsRequestId}`);
  const within = store.run({ order: 'another' }, () => {
    console.log(`line within run() of ${awsRequestId}`);
    return store.get('order');
  });
  return { requestId: store.getRequestId(), traceId: store.getXRayTraceId(), order: store.get('order'), within };
};
