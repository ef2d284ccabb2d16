import { relative, resolve } from 'node:path';

/**
 * Sets `_HANDLER` and `LAMBDA_TASK_ROOT` as Lambda does, unless they are set: instrumentation reads them to find the handler's
 * module. Threads copy the environment when they start, so call it before.
 */
export function exposeHandler(handlerString: string | undefined): void {
  const { env } = process;
  // Empty variables count as unset.
  env['LAMBDA_TASK_ROOT'] ||= process.cwd();
  if (handlerString !== undefined) env['_HANDLER'] ||= handlerString;
}

/** {@link exposeHandler} for the file of a handler. */
export function exposeWorkerFile(workerFile: string): void {
  exposeHandler(undefined);
  const path = relative(process.env['LAMBDA_TASK_ROOT'] ?? '', resolve(workerFile));
  // Other names cannot be written as a handler string.
  const [, name] = /^([^.]+)\.[^./]+$/.exec(path) ?? [];
  if (name !== undefined) exposeHandler(`${name}.handler`);
}
