import { Presets, SingleBar } from 'cli-progress';

/** Shows the progress of a run. */
export interface Progress {
  begin(label: string, events: number): void;
  advance(): void;
  end(): void;
}

/** Shows a bar on a terminal, otherwise plain lines. */
export function openProgress(output: NodeJS.WriteStream): Progress {
  return output.isTTY ? new Bar(output) : new Lines(output);
}

class Bar implements Progress {
  readonly #bar: SingleBar;

  constructor(stream: NodeJS.WriteStream) {
    const format = '{label} {bar} {value}/{total} images, {duration_formatted}';
    // The bar does not change the terminal's state, so an interrupted demo has nothing to restore.
    const leavesNoTrace = { linewrap: true, hideCursor: false, gracefulExit: false };
    this.#bar = new SingleBar({ stream, format, barsize: 40, ...leavesNoTrace }, Presets.shades_classic);
  }

  begin(label: string, events: number): void {
    this.#bar.start(events, 0, { label });
  }

  advance(): void {
    this.#bar.increment();
  }

  end(): void {
    this.#bar.stop();
  }
}

class Lines implements Progress {
  readonly #output: NodeJS.WriteStream;
  #label = '';
  #events = 0;
  #done = 0;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  begin(label: string, events: number): void {
    this.#label = label;
    this.#events = events;
    this.#done = 0;
    this.#output.write(`${label}: starting\n`);
  }

  advance(): void {
    this.#done += 1;
    const quarter = Math.ceil(this.#events / 4);
    if (this.#done % quarter !== 0 && this.#done !== this.#events) return;
    this.#output.write(`${this.#label}: ${this.#done}/${this.#events} images\n`);
  }

  end(): void {}
}
