import type { ChildProcess } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { InvokeError, InvokeOptions, InvokeResult } from '../../src/local/invoke.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { ManagedRuntimeOptions } from '../../src/config/options.ts';
import { start } from '../helpers/child-process.ts';
import { entryFile } from '../helpers/package-files.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { RunningRuntime, LONG_TIMEOUT } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const FIXTURES = new URL('../fixtures/faults/', import.meta.url);
const COMMAND = entryFile('src/cli/main.ts');
const BOOTSTRAP = fileURLToPath(new URL('bootstrap.ts', FIXTURES));

/** The numbers of threads and of invocations per thread. Each layout has capacity for neighbours on other threads. */
export const LAYOUTS = [
  { perThread: 1, threads: 4 },
  { perThread: 4, threads: 2 },
] as const;
export type Layout = (typeof LAYOUTS)[number];

/** A concurrency of 1, in a thread. */
export const ONE_THREAD = { perThread: 1, threads: 1 } as const;

/** Whether the slow cases run as well (`npm run test:faults`). */
export const FULL = process.env['FAULTS'] === 'full';

/** For tests that do not depend on the layout. Without the slow cases, only the layout with shared threads is tested. */
export const EITHER_LAYOUT: readonly Layout[] = FULL ? LAYOUTS : [LAYOUTS[1]];

export interface Shape {
  readonly mode: string;
  readonly threads: number;
  readonly start: (given?: FaultOptions) => Promise<FaultRuntime>;
}

export const SINGLE_MODE = 'single mode';

/** The layouts with threads, and single mode. */
export const SHAPES: readonly Shape[] = [
  ...EITHER_LAYOUT.map((layout) => ({
    mode: `${layout.threads} threads for ${layout.perThread} each`,
    threads: layout.threads,
    start: (given?: FaultOptions) => startLayout(layout, given),
  })),
  { mode: SINGLE_MODE, threads: 1, start: (given?: FaultOptions) => startSingle(given) },
];

export interface FaultOptions {
  /** A file in fixtures/faults. */
  readonly workerFile?: string;
  readonly options?: ManagedRuntimeOptions;
  /** Names of the additions that the bootstrap makes. */
  readonly extras?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** The descriptor limit of the process (`ulimit -n`). */
  readonly descriptors?: number;
  /** Runs the command instead of the bootstrap. The command gets only the options `concurrency` and `threads`. */
  readonly command?: boolean;
  /** Further arguments of the command. */
  readonly args?: readonly string[];
  /** A server with other settings. Default: a new server. */
  readonly api?: RuntimeApiServer;
  /** The address that the runtime polls. Default: the address of the server. */
  readonly address?: string;
}

/** A runtime in its own process with a handler that fails on request. Invocations of the handler can wait for a gate, a file. */
export class FaultRuntime extends RunningRuntime {
  readonly gates: TaskRoot;
  readonly slots: number;
  #gates = 0;

  constructor(api: RuntimeApiServer, child: ChildProcess, gates: TaskRoot, slots: number) {
    super(api, child);
    this.gates = gates;
    this.slots = slots;
  }

  static async start(slots: number, given: FaultOptions): Promise<FaultRuntime> {
    const api = given.api ?? (await startRuntimeApiServer(LONG_TIMEOUT));
    const gates = await makeTaskRoot();
    const [file, args] =
      given.command === true ? [COMMAND, ['faulty.handler', ...(given.args ?? [])]] : [BOOTSTRAP, []];
    const { concurrency = 1, threads = '' } = given.options ?? {};
    const forCommand = {
      LAMBDA_TASK_ROOT: fileURLToPath(FIXTURES),
      AWS_LAMBDA_MAX_CONCURRENCY: String(concurrency),
      AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads),
    };
    const { execArgv, descriptors } = given;
    const child = start(file, args, {
      execArgv,
      descriptors,
      env: {
        AWS_LAMBDA_RUNTIME_API: given.address ?? api.address,
        WORKER_FILE: fileURLToPath(new URL(given.workerFile ?? 'faulty.mjs', FIXTURES)),
        OPTIONS: JSON.stringify(given.options ?? {}),
        EXTRAS: (given.extras ?? []).join(','),
        GATE_DIRECTORY: gates.path,
        ...(given.command === true ? forCommand : {}),
        ...given.env,
      },
    });
    return new FaultRuntime(api, child, gates, slots);
  }

  open(gate: string): Promise<void> {
    return writeFile(join(this.gates.path, `open-${gate}`), '');
  }

  /** Resolves when the handler has created `count` files whose names begin with the prefix. */
  async marks(prefix: string, count: number): Promise<void> {
    const seen = async () => {
      await this.unlessExited(Promise.resolve());
      return (await this.made(prefix)).length;
    };
    await expect.poll(seen, { timeout: 60_000, interval: 10 }).toBe(count);
  }

  /** The names of the existing files that begin with the prefix. */
  async made(prefix: string): Promise<string[]> {
    return (await readdir(this.gates.path)).filter((name) => name.startsWith(prefix));
  }

  /** Invokes and resolves with the result, whatever its status. */
  result(event: unknown, options: InvokeOptions = {}): Promise<InvokeResult> {
    return this.unlessExited(this.api.invoke(JSON.stringify(event), { whenCapacity: true, ...options }));
  }

  /** Resolves with the diagnostic that was posted. */
  async diagnostic(event: unknown, options: InvokeOptions = {}): Promise<PostedError> {
    return posted(await this.failure(event, options));
  }

  /** Starts `count` invocations that wait for a gate. Resolves when their handlers run. */
  async neighbours(count: number): Promise<Neighbours> {
    const gate = this.newGate();
    const requestIds = Array.from({ length: count }, (_, n) => `${gate}-${n}`);
    const results = Promise.all(
      requestIds.map((requestId) => this.result({ do: 'wait', gate }, { requestId })),
    );
    await this.marks(`arrived-${gate}-`, count);
    return {
      release: async () => {
        await this.open(gate);
        return results;
      },
    };
  }

  /** Resolves with the first log line that has the fields. A field may be an asymmetric matcher. */
  async logged(fields: object): Promise<LogLine> {
    const matches = expect.objectContaining(fields);
    const look = async () => {
      await this.unlessExited(Promise.resolve());
      return this.log.find((line) => matches.asymmetricMatch(line));
    };
    await expect.poll(look, { timeout: 60_000, interval: 10 }).toBeDefined();
    return (await look()) as LogLine;
  }

  newGate(): string {
    this.#gates += 1;
    return `gate${this.#gates}`;
  }

  /** Expects that all slots run invocations at the same time. Resolves with the thread ids. */
  async expectFullCapacity(): Promise<number[]> {
    await this.whenPolling(this.slots);
    const event = { do: 'meet', gate: this.newGate(), of: this.slots };
    const meeting = Array.from({ length: this.slots }, () =>
      this.invoke<{ threadId: number }>(event, { whenCapacity: false }),
    );
    const threads = (await Promise.all(meeting)).map(({ threadId }) => threadId);
    await this.whenPolling(this.slots);
    expect(this.api.openPolls).toBe(this.slots);
    expect(this.api.inFlight).toBe(0);
    return threads;
  }

  /** Expects that each delivered event was answered once and that no answer was refused. */
  expectAnsweredOnce(): void {
    for (const delivery of this.api.deliveries.values()) {
      expect(delivery).toMatchObject({ handedOver: 1, accepted: 1, refused: [] });
    }
  }

  /**
   * Like {@link expectAnsweredOnce}, for tests that close connections with an open poll. The reply to the answer before the
   * poll may be lost with the connection; the runtime then repeats the answer, and the Runtime API refuses it with 400.
   */
  expectAcceptedOnce(): void {
    for (const { accepted, refused } of this.api.deliveries.values()) {
      expect(accepted).toBe(1);
      expect(refused.filter((status) => status !== 400)).toEqual([]);
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.gates[Symbol.asyncDispose]();
  }
}

export interface Neighbours {
  /** Opens the gate of the invocations. Resolves with their results. */
  release(): Promise<InvokeResult[]>;
}

export interface PostedError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace: readonly string[];
  readonly code?: unknown;
  /** The error type in the header. */
  readonly header: string | undefined;
}

/** Starts a runtime with threads. */
export function startLayout(
  { perThread, threads }: { readonly perThread: number; readonly threads: number },
  given: FaultOptions = {},
): Promise<FaultRuntime> {
  const slots = perThread * threads;
  const options = {
    concurrency: slots,
    threads,
    invocationsPerThread: perThread,
    ...given.options,
  };
  return FaultRuntime.start(slots, { ...given, options });
}

/** Starts a runtime in single mode. */
export function startSingle(given: FaultOptions = {}): Promise<FaultRuntime> {
  return FaultRuntime.start(1, { ...given, options: { concurrency: 1, ...given.options } });
}

export function posted(result: InvokeResult): PostedError {
  expect(result.status).toBe('error');
  const { error, rawErrorType } = result as InvokeError;
  return { ...(error as unknown as PostedError), header: rawErrorType };
}

/** The number of results by status. */
export function statuses(results: readonly InvokeResult[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(results, ({ status }) => status)].map(([s, of]) => [s, of.length]),
  );
}

/** The {@link statuses} of `count` invocations that all got a response. */
export function responses(count: number): Record<string, number> {
  return count === 0 ? {} : { response: count };
}

/** The number of threads of a process, including Node's own. */
export async function threadCount(pid: number | undefined): Promise<number> {
  return (await readdir(`/proc/${pid}/task`)).length;
}

/** The CPU time of a process, in ms. */
export async function cpuMs(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
