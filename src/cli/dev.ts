import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConfig } from '../config.ts';
import { LocalConsole } from '../console/local-console.ts';
import { ManagedRuntimeError } from '../errors.ts';
import type { Diagnostic } from '../invocation/diagnostic.ts';
import { startLocalMode } from '../local/local-mode.ts';
import type { RuntimeApiServer } from '../local/runtime-api-server.ts';
import { createRuntime } from '../managed-runtime.ts';
import { InitFailure } from '../pool/init-failure.ts';
import { applyFlags } from './flags.ts';
import type { Flags } from './flags.ts';
import { LoadedFiles } from './loaded-files.ts';
import { endProcessAfter, growThreadpool } from './serve.ts';

export interface DevFlags extends Flags {
  readonly event?: string;
}

/** `lambda-managed-runtime dev <workerFile>`: serves on the local server until Ctrl-C, always the code as it is now. */
export async function develop(workerFile: string, flags: DevFlags): Promise<void> {
  await endProcessAfter(async () => {
    applyFlags(flags);
    growThreadpool();
    const settings = readConfig({ kind: 'file', workerFile }, {}).local;
    const console = new LocalConsole(settings);
    const local = await startLocalMode(settings, console);
    const given = flags.event === undefined ? [workerFile] : [workerFile, flags.event];
    const files = new LoadedFiles(given.map((file) => resolve(file)));
    await new DevSession(workerFile, flags, local.server, console, files).run();
    files.close();
    await local.close();
  });
}

class DevSession {
  readonly #workerFile: string;
  readonly #flags: DevFlags;
  readonly #server: RuntimeApiServer;
  readonly #console: LocalConsole;
  readonly #files: LoadedFiles;
  /** Undefined until threads serve. */
  #reload: (() => Promise<void>) | undefined;
  /** A file has changed while they started. */
  #outdated = false;
  #renewals = 0;

  constructor(
    workerFile: string,
    flags: DevFlags,
    server: RuntimeApiServer,
    console: LocalConsole,
    files: LoadedFiles,
  ) {
    this.#workerFile = workerFile;
    this.#flags = flags;
    this.#server = server;
    this.#console = console;
    this.#files = files;
  }

  /** Resolves when a signal has stopped the runtime. One that cannot start is started again after the next change. */
  async run(): Promise<void> {
    let running = this.#start();
    let changed = this.#files.changed();
    for (;;) {
      const what = await Promise.race([running, changed]);
      if (what === 'stopped') return;
      if (what === 'failed' && this.#outdated) {
        running = this.#start();
        continue;
      }
      await changed;
      changed = this.#files.changed();
      if (what === 'failed') running = this.#start();
      else void this.#renew();
    }
  }

  async #start(): Promise<'stopped' | 'failed'> {
    this.#outdated = false;
    this.#server.runtimeStarts();
    const { logInvocations } = this.#flags;
    const runtime = createRuntime(
      { kind: 'file', workerFile: this.#workerFile },
      { runtimeApi: this.#server.address, logInvocations },
      { onServing: (reload) => this.#serving(reload) },
    );
    this.#console.readsFigures(runtime);
    try {
      await runtime.run();
      return 'stopped';
    } catch (error) {
      if (!(error instanceof ManagedRuntimeError) || !REPAIRABLE.has(error.code)) throw error;
      this.#reload = undefined;
      this.#server.runtimeFailed(error.message);
      say(`${reasonOf(error.cause ?? error)}\nIt is tried again after the next change.`);
      return 'failed';
    }
  }

  #serving(reload: () => Promise<void>): void {
    this.#reload = reload;
    if (this.#outdated) void this.#renew();
    else void this.#invokeOnce();
  }

  async #renew(): Promise<void> {
    if (this.#reload === undefined) {
      this.#outdated = true;
      return;
    }
    this.#outdated = false;
    this.#renewals += 1;
    const renewal = this.#renewals;
    const failure = await this.#reload().then(
      () => undefined,
      (error: unknown) => reasonOf(error),
    );
    // After another change meanwhile, both end with the second one, which tells.
    if (renewal !== this.#renewals) return;
    if (failure !== undefined) return say(`${failure}\nThe code as it was before this change goes on.`);
    say('The code has changed: new threads have loaded it.');
    await this.#invokeOnce();
  }

  async #invokeOnce(): Promise<void> {
    const { event: file } = this.#flags;
    if (file === undefined) return;
    try {
      const event = readFileSync(file, 'utf8');
      JSON.parse(event);
      const result = await this.#server.invoke(event, { whenCapacity: true });
      say(`${file}: ${result.status}`);
      process.stdout.write(`${'body' in result ? String(result.body) : result.errorMessage}\n`);
    } catch (error) {
      say(`${file}: ${(error as Error).message}`);
    }
  }
}

/** What a change of the code may end. */
const REPAIRABLE: ReadonlySet<string> = new Set(['INIT_FAILED', 'NO_THREADS']);

/** In short: the stack of the runtime tells nobody where the mistake is. */
function reasonOf(error: unknown): string {
  if (!(error instanceof InitFailure)) return (error as Error).message;
  const { errorType, errorMessage } = JSON.parse(error.diagnostic.body) as Diagnostic;
  return `The code cannot be loaded: ${errorType}: ${errorMessage}`;
}

function say(text: string): void {
  process.stderr.write(`dev: ${text}\n`);
}
