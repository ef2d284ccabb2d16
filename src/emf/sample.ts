/** A fair sample of the values of an interval: as many as a metric of CloudWatch takes at once. */
export class Sample {
  max = 0;
  #values: number[] = [];
  #seen = 0;

  add(value: number): void {
    this.max = Math.max(this.max, value);
    this.#seen += 1;
    if (this.#values.length < MOST_VALUES) {
      this.#values.push(value);
      return;
    }
    // Each value that was seen has the same chance to be among those that are kept.
    const place = Math.floor(Math.random() * this.#seen);
    if (place < MOST_VALUES) this.#values[place] = value;
  }

  /** What there is, and begins anew. */
  take(): readonly number[] {
    const values = this.#values;
    this.#values = [];
    this.#seen = 0;
    this.max = 0;
    return values;
  }
}

const MOST_VALUES = 100;
