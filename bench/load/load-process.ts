import { fileURLToPath } from 'node:url';
import type { FromLoad, LoadPlan, LoadReport, ToLoad } from './protocol.ts';
import { startChild } from '../runner/child.ts';
import type { Child } from '../runner/child.ts';

/** The load, seen from the benchmark: a Runtime API in a process of its own. */
export class LoadProcess {
  readonly pid: number;
  readonly port: number;
  readonly #child: Child;
  #polls = 0;
  #firstPollMs: number | undefined;
  #changed = Promise.withResolvers<void>();
  #verdict = Promise.withResolvers<LoadReport>();
  readonly #initFailed = Promise.withResolvers<never>();

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.pid = child.pid;
    this.port = port;
    // Heard of where they are awaited; a trial that has failed otherwise awaits them no more.
    this.#initFailed.promise.catch(() => undefined);
    child.process.on('message', (message: FromLoad) => this.#receive(message));
  }

  /** Starts it on these CPUs (a list as `taskset` takes it), or on all. */
  static async start(cpus: string | undefined): Promise<LoadProcess> {
    const child = startChild('the load process', [process.execPath, ENTRY], { cpus, ipc: true });
    const listening = new Promise<number>((resolve) =>
      child.process.once('message', (message: FromLoad) => {
        if (message.type === 'listening') resolve(message.port);
      }),
    );
    return new LoadProcess(child, await Promise.race([listening, child.died]));
  }

  /** Rejects when the load process dies, and when the runtime posts an init error. */
  get failed(): Promise<never> {
    return Promise.race([this.#child.died, this.#initFailed.promise]);
  }

  /** Resolves when so many polls were open at once. */
  async parked(polls: number): Promise<void> {
    while (this.#polls < polls) await this.#changed.promise;
  }

  /** Resolves when the first poll has come, with the time of its arrival (epoch ms, in fractions). */
  async firstPoll(): Promise<number> {
    await this.parked(1);
    return this.#firstPollMs as number;
  }

  /** How many polls were open at once at most. */
  get polls(): number {
    return this.#polls;
  }

  /** Hands out events; rejects when they are no longer answered. */
  run(plan: LoadPlan): Promise<LoadReport> {
    this.#verdict = Promise.withResolvers<LoadReport>();
    this.#child.process.send({ type: 'run', plan } satisfies ToLoad);
    return this.#verdict.promise;
  }

  async stop(): Promise<void> {
    await this.#child.kill();
  }

  #receive(message: FromLoad): void {
    switch (message.type) {
      case 'listening':
        return;
      case 'parked':
        this.#firstPollMs ??= message.epochMs;
        this.#polls = message.polls;
        this.#changed.resolve();
        this.#changed = Promise.withResolvers<void>();
        return;
      case 'finished':
        return this.#verdict.resolve(message.report);
      case 'stalled':
        return this.#verdict.reject(
          new Error(
            `no answer came for 30 s: ${message.inFlight} events were never answered, ${message.queued} never taken, ` +
              `${message.completed} had been answered`,
          ),
        );
      case 'init-error':
        return this.#initFailed.reject(new Error(`it posted an init error: ${message.body}`));
    }
  }
}

const ENTRY = fileURLToPath(new URL('main.ts', import.meta.url));
