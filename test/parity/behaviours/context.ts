import { handlerOf } from '../behaviour.ts';
import type { Behaviour } from '../behaviour.ts';

const TRACE_ID = 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1';
const FIELDS =
  'return Object.fromEntries(Object.entries(context).filter(([, value]) => typeof value !== "function" && !(value instanceof AbortSignal)).filter(([name]) => name !== "deadlineMs"));';
const IDS =
  'const ids = () => { const store = globalThis.awslambda?.InvokeStore; return { env: process.env._X_AMZN_TRACE_ID, request: store?.getRequestId(), trace: store?.getXRayTraceId(), tenant: store?.getTenantId?.() }; };';

/** What a handler is told about its invocation. */
export const contexts: readonly Behaviour[] = [
  { name: 'reads the fields of the context', files: handlerOf(FIELDS) },
  {
    name: 'lists the members of the context',
    files: handlerOf(
      'const types = {}; for (const name in context) types[name] = typeof context[name]; return { types, own: Object.keys(context).sort(), json: Object.keys(JSON.parse(JSON.stringify(context))).sort() };',
    ),
  },
  {
    name: 'asks for the remaining time',
    files: handlerOf(
      'const ms = context.getRemainingTimeInMillis(); return { type: typeof ms, whole: Number.isInteger(ms), sane: ms > 0 && ms <= 20_000, unbound: typeof (0, context.getRemainingTimeInMillis)() };',
    ),
  },
  {
    name: 'changes the context',
    files: handlerOf(
      'context.callbackWaitsForEmptyEventLoop = false; context.mine = 1; context.awsRequestId = "other"; const { awsRequestId, mine } = { ...context }; return { awsRequestId, mine };',
    ),
  },
  {
    name: 'gets a client context and an identity',
    files: handlerOf('const { clientContext, identity } = context; return { clientContext, identity };'),
    events: [
      {
        clientContext: '{"client":{"appTitle":"größer"},"custom":{"a":1}}',
        cognitoIdentity: '{"cognitoIdentityId":"id","cognitoIdentityPoolId":"pool"}',
      },
    ],
  },
  {
    name: 'gets header values that are empty',
    files: handlerOf(FIELDS),
    events: [
      {
        headers: {
          'Lambda-Runtime-Trace-Id': '',
          'Lambda-Runtime-Client-Context': '',
          'Lambda-Runtime-Cognito-Identity': '',
          'Lambda-Runtime-Aws-Tenant-Id': '',
        },
      },
    ],
  },
  {
    name: 'gets header values with non-ASCII text',
    files: handlerOf(`console.log("seen"); ${FIELDS}`),
    events: [
      {
        tenantId: 'ténant-你好',
        traceId: 'Root=1-ü',
        headers: {
          'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:123456789012:function:größe',
        },
      },
    ],
  },
  {
    name: 'gets a client context that is not JSON',
    files: handlerOf(FIELDS),
    events: [{ headers: { 'Lambda-Runtime-Client-Context': '{oops' }, timeoutMs: 3_000 }, {}],
  },
  {
    name: 'gets no deadline',
    files: handlerOf(
      'const ms = context.getRemainingTimeInMillis(); return { type: typeof ms, sane: ms > 0 };',
    ),
    events: [{ headers: { 'Lambda-Runtime-Deadline-Ms': undefined }, timeoutMs: 3_000 }, {}],
  },
  {
    name: 'gets no function ARN',
    files: handlerOf('return { arn: context.invokedFunctionArn };'),
    events: [{ headers: { 'Lambda-Runtime-Invoked-Function-Arn': undefined }, timeoutMs: 3_000 }, {}],
  },
  {
    name: 'reads ids of trace and tenant',
    files: handlerOf(
      'const before = ids(); await new Promise(setImmediate); return { before, after: ids(), context: [context.xRayTraceId, context.tenantId] };',
      IDS,
    ),
    events: [{ traceId: TRACE_ID, tenantId: 'tenant-1' }, {}],
  },
  { name: 'reads ids while it loads', files: handlerOf('return atLoad;', `${IDS}\nconst atLoad = ids();`) },
  {
    name: 'keeps something in the invoke store',
    files: handlerOf(
      'const store = globalThis.awslambda.InvokeStore; const before = store.get("mine"); store.set("mine", event.n); await new Promise(setImmediate); let refused; try { store.set(Symbol.for("_AWS_LAMBDA_REQUEST_ID"), "x"); } catch (error) { refused = error.message; } return { before, after: store.get("mine"), refused };',
    ),
    events: [{ body: '{"n":1}' }, { body: '{"n":2}' }],
  },
  {
    name: 'has members of the global awslambda',
    files: handlerOf('return Object.keys(globalThis.awslambda ?? {}).sort();'),
  },
  ...['done', 'succeed', 'fail'].map((method) => ({
    name: `calls context.${method}`,
    files: handlerOf(`context.${method}(null, "by ${method}"); return "returned";`),
  })),
  {
    name: 'takes a callback',
    files: 'export const handler = (event, context, callback) => callback(null, "called back");',
  },
  {
    name: 'takes a callback, in the environment of Node.js 22',
    files: 'export const handler = (event, context, callback) => callback(null, "called back");',
    env: { AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
  },
  {
    name: 'takes a callback with a default value',
    files:
      'export const handler = async (event, context, callback = undefined) => ({ type: typeof callback });',
  },
  {
    name: 'counts its arguments',
    files:
      'export async function handler() { return { count: arguments.length, self: this === undefined }; };',
  },
];
