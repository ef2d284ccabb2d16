/** What the examples of README and docs leave to the reader, by name. Only these are compiled with it. */
declare const file: URL;

interface Order {
  readonly id: string;
}
interface Answer {
  readonly accepted: boolean;
}
interface Price {
  readonly cents: number;
}

declare function connect(): Promise<{
  find(id: string, options: { signal: AbortSignal }): Promise<unknown>;
  end(): Promise<void>;
}>;
declare function sendReceipt(order: Order): Promise<void>;
declare function load(id: string): Promise<Price>;
declare function rows(table: string, options: { signal: AbortSignal }): AsyncIterable<string>;
declare function slow(report: { readonly durationMs: number }): void;

interface Job {
  readonly items: readonly number[];
  readonly first?: number;
}
interface Progress {
  readonly done: boolean;
  readonly next: number;
  readonly results: readonly number[];
}
interface Pages {
  readonly complete: boolean;
  readonly pages: readonly string[];
}
declare function compute(item: number | undefined): number;
declare function store(progress: Progress): Promise<Progress>;
