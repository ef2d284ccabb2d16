/** On the main thread, once: what one thread has found, all others find here. */
import { LRUCache } from 'lru-cache';

export const cache = new LRUCache<number, readonly number[]>({ max: 10_000 });
