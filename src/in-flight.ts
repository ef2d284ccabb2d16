/**
 * Things that come and go with the invocations, few at a time.
 *
 * Not a Set or a Map: theirs is a table that is replaced after some deletions, and a replaced one leads to its successor. Once one
 * of them has got into V8's old generation, all that follow it survive as well, each with the invocations that it held: the
 * main thread's heap grew several times as large.
 */
export class InFlight<Item> implements Iterable<Item> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** Says whether it was there. */
  delete(item: Item): boolean {
    const index = this.#items.indexOf(item);
    if (index === -1) return false;
    const last = this.#items.pop() as Item;
    if (index < this.#items.length) this.#items[index] = last;
    return true;
  }

  find(isWanted: (item: Item) => boolean): Item | undefined {
    return this.#items.find(isWanted);
  }

  has(item: Item): boolean {
    return this.#items.includes(item);
  }

  /** Takes all of them out. */
  clear(): Item[] {
    return this.#items.splice(0);
  }

  /** Goes over those that are there now. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.slice()[Symbol.iterator]();
  }
}
