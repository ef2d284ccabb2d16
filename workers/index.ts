/**
 * The API for handler modules and service modules: types, the context of an invocation, streaming, logs and shared state.
 *
 * @module lambda-managed-runtime/worker
 */
export { HttpResponseStream, streamifyResponse } from './awslambda.ts';
export type { StreamingHandler, StreamingOptions, WritableResponse } from './awslambda.ts';
export type { CodecModule } from './codec.ts';
export type {
  ClientContext,
  ClientContextClient,
  ClientContextEnv,
  CognitoIdentity,
  Context,
  Handler,
  ManagedContext,
  TraceContext,
} from './context.ts';
export { getContext } from './invoke-store.ts';
export { logger } from './logging/logger.ts';
export { onShutdown } from './shutdown-hooks.ts';
export type { ShutdownHook } from './shutdown-hooks.ts';
export { proxy, release, transfer, useServices } from './services.ts';
export type { Service, Services } from './services.ts';
export { useSharedData } from './shared-data.ts';
export type { SharedData } from './shared-data.ts';
