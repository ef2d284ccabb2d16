/** Loaded once, on the main thread: a cache that all threads share. */
import { LRUCache } from 'lru-cache';

export const cache = new LRUCache<number, readonly number[]>({ max: 10_000 });
