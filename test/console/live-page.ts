import type {
  BurstRequest,
  BurstStarted,
  BurstState,
  InvocationDetail,
  InvocationState,
  LoggedText,
  StatsSample,
  Snapshot,
  ShownThread,
  Update,
} from '../../src/console/messages.ts';

/** Receives the updates of the console as a page does, and waits for states. */
export class LivePage implements AsyncDisposable {
  readonly #url: string;
  readonly #abort = new AbortController();
  readonly #waiters = new Set<() => void>();
  #reading: Promise<void> | undefined;
  snapshot: Snapshot | undefined;
  updates = 0;
  readonly invocations = new Map<string, InvocationState>();
  readonly threads = new Map<string, ShownThread>();
  readonly lines: LoggedText[] = [];
  readonly samples: StatsSample[] = [];
  burst: BurstState | undefined;
  waiting = 0;
  inFlight = 0;
  refused = 0;
  readonly refusals: number[] = [];

  /** @param url the URL of the console. */
  constructor(url: string) {
    this.#url = url;
  }

  async open(): Promise<this> {
    const response = await fetch(`${this.#url}/events`, { signal: this.#abort.signal });
    this.#reading = this.#read(response).catch(() => undefined);
    await this.until(() => this.snapshot !== undefined);
    return this;
  }

  /** Resolves when the predicate is true. */
  until(isSo: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (!isSo()) return;
      this.#waiters.delete(look);
      resolve();
    };
    this.#waiters.add(look);
    look();
    return promise;
  }

  states(): InvocationState[] {
    return [...this.invocations.values()].toSorted((a, b) => a.order - b.order);
  }

  async invoke(event: unknown, more: Partial<BurstRequest> = {}): Promise<string> {
    const response = await this.post({ event: JSON.stringify(event), ...more });
    return ((await response.json()) as BurstStarted).requestId;
  }

  post(request: unknown): Promise<Response> {
    return fetch(`${this.#url}/invocations`, { method: 'POST', body: JSON.stringify(request) });
  }

  /** Resolves with the state of the invocation when it has ended. */
  async ended(requestId: string): Promise<InvocationState> {
    await this.until(() => this.invocations.get(requestId)?.endedAt !== undefined);
    return this.invocations.get(requestId) as InvocationState;
  }

  async detail(requestId: string): Promise<InvocationDetail> {
    return (await fetch(`${this.#url}/invocations/${requestId}`)).json() as Promise<InvocationDetail>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString('latin1');
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) this.#take(Buffer.from(message, 'latin1').toString());
    }
  }

  #take(message: string): void {
    const [event, data] = message.split('\n').map((line) => line.slice(line.indexOf(': ') + 2));
    const update = JSON.parse(data ?? '') as Update;
    if (event === 'snapshot') this.snapshot = update as Snapshot;
    else this.updates += 1;
    for (const requestId of update.forgotten) this.invocations.delete(requestId);
    for (const each of update.invocations) this.invocations.set(each.requestId, each);
    for (const each of update.threads) this.threads.set(`${each.thread}@${each.startedAt}`, each);
    this.lines.push(...update.lines);
    this.samples.push(...update.samples);
    this.burst = update.burst;
    this.waiting = update.waiting;
    this.inFlight = update.inFlight;
    this.refused = update.refused;
    this.refusals.push(...update.refusals);
    for (const look of this.#waiters) look();
  }
}
