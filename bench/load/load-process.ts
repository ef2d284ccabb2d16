import { fileURLToPath } from 'node:url';
import type { FromLoad, LoadPlan, LoadReport, ToLoad } from './protocol.ts';
import { startChild } from '../runner/child.ts';
import type { Child } from '../runner/child.ts';

/** The benchmark's handle of the load process, which serves a Runtime API. */
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
    // Callers observe these rejections where they await them. A trial that failed for another reason does not.
    this.#initFailed.promise.catch(() => undefined);
    child.process.on('message', (message: FromLoad) => this.#receive(message));
  }

  /** Starts the load process on the given CPUs (a `taskset` list), or on all CPUs. */
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

  /** Resolves when the given number of polls has been open at once. */
  async whenPolling(polls: number): Promise<void> {
    while (this.#polls < polls) await this.#changed.promise;
  }

  /** Resolves with the arrival time of the first poll (fractional epoch ms). */
  async firstPoll(): Promise<number> {
    await this.whenPolling(1);
    return this.#firstPollMs as number;
  }

  /** The maximum number of polls that were open at once. */
  get polls(): number {
    return this.#polls;
  }

  /** Delivers events. Rejects when the runtime stops answering. */
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
      case 'polling':
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
