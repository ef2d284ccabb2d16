/** What the examples of README and docs leave to the reader, by name. */
export {};

declare global {
  /** Of a handler. */
  const file: URL;
  interface Order {
    readonly id: string;
  }
  interface Answer {
    readonly accepted: boolean;
  }
  interface Price {
    readonly cents: number;
  }
  function connect(): Promise<{
    find(id: string, options: { signal: AbortSignal }): Promise<unknown>;
    end(): Promise<void>;
  }>;
  function sendReceipt(order: Order): Promise<void>;
  function load(id: string): Promise<Price>;
  function rows(table: string, options: { signal: AbortSignal }): AsyncIterable<string>;
  function slow(report: { readonly durationMs: number }): void;
}
