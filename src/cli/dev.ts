import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { localConcurrency } from '../config/concurrency-plan.ts';
import { readConfig } from '../config/config.ts';
import type { DevHooks, HandlerReference } from '../config/options.ts';
import { LocalConsole } from '../console/local-console.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { diagnosticText } from '../invocation/diagnostic.ts';
import { startLocalMode } from '../local/local-mode.ts';
import type { RuntimeApiServer } from '../local/runtime-api-server.ts';
import { createRuntime } from '../managed-runtime.ts';
import type { HandlerSource, TerminalStyle } from '../thread-settings.ts';
import { aborted } from '../waiting.ts';
import { onStopSignal } from '../lifecycle/process-guard.ts';
import { InitFailure } from '../pool/init-failure.ts';
import { applyFlags } from './flags.ts';
import type { Flags } from './flags.ts';
import { exposeWorkerFile } from './handler-variables.ts';
import { LoadedFiles, WatchedFiles } from './watched-files.ts';
import { endProcessAfter, growThreadpool } from './serve.ts';

export interface DevFlags extends Flags {
  readonly event?: string;
  readonly logFormat?: 'pretty' | 'json';
}

/** `lambda-managed-runtime dev <workerFile>`: serves on the local server until Ctrl-C and reloads the code on changes. */
export async function develop(workerFile: string, flags: DevFlags): Promise<void> {
  await endProcessAfter(async () => {
    applyFlags(flags);
    setLocalConcurrency();
    growThreadpool();
    exposeWorkerFile(workerFile);
    const stop = new AbortController();
    onStopSignal(() => stop.abort());
    const reference = referenceTo(workerFile);
    const { handler, local, runtimeApi } = readConfig(reference, {}, undefined, undefined, NO_HOOKS);
    const console = new LocalConsole(local);
    const { server, close } = await startLocalMode(local, console, runtimeApi);
    const code = new LoadedFiles(filesOf(handler));
    const events = new WatchedFiles();
    const session = new DevSession({ reference, flags, server, console, code, stop: stop.signal });
    if (flags.event !== undefined) {
      events.add(resolve(flags.event));
      void session.invokeOnChanges(events);
    }
    await session.run();
    code.close();
    events.close();
    await close();
  });
}

/** For the configuration of the server: the command serves callers locally, whatever Runtime API the environment names. */
const NO_HOOKS: DevHooks = { terminal: undefined, onServing: () => undefined };

/** The server knows only its own slots, so the runtime must have the same number. */
function setLocalConcurrency(): void {
  const { AWS_LAMBDA_MAX_CONCURRENCY: slots, AWS_LAMBDA_NODEJS_WORKER_COUNT: threads } = process.env;
  if ((slots ?? '') === '' && (threads ?? '') === '')
    process.env['AWS_LAMBDA_MAX_CONCURRENCY'] = String(localConcurrency());
}

interface DevParts {
  readonly reference: HandlerReference;
  readonly flags: DevFlags;
  readonly server: RuntimeApiServer;
  readonly console: LocalConsole;
  readonly code: LoadedFiles;
  /** Aborts on the first stop signal, whether or not a runtime is running. */
  readonly stop: AbortSignal;
}

class DevSession {
  readonly #parts: DevParts;
  /** Undefined while no runtime serves. */
  #reload: (() => Promise<void>) | undefined;
  /** Whether a file changed while the runtime was starting. */
  #outdated = false;
  #reloads = 0;

  constructor(parts: DevParts) {
    this.#parts = parts;
  }

  /** Resolves after a stop signal. A runtime that cannot start is started again after the next change. */
  async run(): Promise<void> {
    const { code, stop } = this.#parts;
    const stopped = aborted(stop);
    let running = this.#start();
    let changed = code.changed();
    for (;;) {
      const event = await Promise.race([running, changed]);
      if (event === 'stopped') return;
      if (event === 'changed') {
        changed = code.changed();
        void this.#reloadCode();
        continue;
      }
      if (!this.#outdated) {
        await Promise.race([changed, stopped]);
        if (stop.aborted) return;
        changed = code.changed();
      }
      running = this.#start();
    }
  }

  /** Invokes the function when the event file changes. A runtime that is still starting invokes it when it serves. */
  async invokeOnChanges(events: WatchedFiles): Promise<never> {
    for (;;) {
      await events.changed();
      if (this.#reload === undefined) continue;
      say('The event has changed.');
      await this.#invokeOnce();
    }
  }

  async #start(): Promise<'stopped' | 'failed'> {
    const { reference, flags, server, console, stop } = this.#parts;
    this.#outdated = false;
    server.runtimeStarts();
    const runtime = createRuntime(
      reference,
      { runtimeApi: server.address, logInvocations: flags.logInvocations ?? 'all', signal: stop },
      {
        onServing: (reload) => this.#serving(reload),
        terminal: terminalStyle(flags.logFormat, process.stdout),
      },
    );
    console.setRuntime(runtime);
    try {
      await runtime.run();
      return 'stopped';
    } catch (error) {
      if (!(error instanceof ManagedRuntimeError) || !FIXABLE_CODES.has(error.code)) throw error;
      this.#reload = undefined;
      server.runtimeFailed(error.message);
      say(`${error.message}\nThe runtime starts again after the next change.`);
      return 'failed';
    }
  }

  #serving(reload: () => Promise<void>): void {
    this.#reload = reload;
    if (this.#outdated) void this.#reloadCode();
    else void this.#invokeOnce();
  }

  async #reloadCode(): Promise<void> {
    if (this.#reload === undefined) {
      this.#outdated = true;
      return;
    }
    this.#outdated = false;
    this.#reloads += 1;
    const reload = this.#reloads;
    const failure = await this.#reload().then(
      () => undefined,
      (error: unknown) => reasonOf(error),
    );
    // If a later change started another reload, only that one reports.
    if (reload !== this.#reloads) return;
    if (failure !== undefined) return say(`${failure}\nThe previous code keeps running.`);
    say('The code has changed. New threads have loaded it.');
    await this.#invokeOnce();
  }

  async #invokeOnce(): Promise<void> {
    const { flags, server } = this.#parts;
    const { event: file } = flags;
    if (file === undefined) return;
    try {
      const event = readFileSync(file, 'utf8');
      JSON.parse(event);
      const result = await server.invoke(event, { whenCapacity: true });
      say(`${file}: ${result.status}`);
      process.stdout.write(`${'body' in result ? String(result.body) : result.errorMessage}\n`);
    } catch (error) {
      say(`${file}: ${(error as Error).message}`);
    }
  }
}

/** Takes `handler.handler` for file and export, as on Lambda, unless there is a file of that name. */
function referenceTo(given: string): HandlerReference {
  const extension = /[^/.]\.([^/]+)$/.exec(given)?.[1];
  const isFile = extension === undefined || MODULE_EXTENSIONS.includes(`.${extension}`) || existsSync(given);
  if (isFile) return { kind: 'file', workerFile: given };
  process.env['_HANDLER'] = given;
  return { kind: 'handler-string' };
}

/** The files that may be the handler's module, also those that do not exist yet. */
function filesOf(handler: HandlerSource): readonly string[] {
  if (handler.kind === 'file') return [handler.file];
  const path = resolve(handler.taskRoot, handler.handlerString.replace(/([^/.])\.[^/]+$/, '$1'));
  return MODULE_EXTENSIONS.map((extension) => path + extension);
}

const MODULE_EXTENSIONS: readonly string[] = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

interface TerminalLike {
  readonly isTTY?: boolean;
  readonly hasColors?: () => boolean;
}

/** Formats lines for people if they read them; `hasColors` respects `NO_COLOR`. */
export function terminalStyle(
  format: DevFlags['logFormat'],
  stdout: TerminalLike,
): TerminalStyle | undefined {
  const isForPeople = format === undefined ? stdout.isTTY === true : format === 'pretty';
  return isForPeople ? { colours: stdout.hasColors?.() === true } : undefined;
}

/** Error codes of failures that a code change can fix. */
const FIXABLE_CODES: ReadonlySet<string> = new Set(['INIT_FAILED', 'NO_THREADS']);

/** Omits the runtime's own stack, which does not help to find the error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof InitFailure)) return (error as Error).message;
  return `Cannot load the code: ${diagnosticText(error.diagnostic)}`;
}

function say(text: string): void {
  process.stderr.write(`dev: ${text}\n`);
}
