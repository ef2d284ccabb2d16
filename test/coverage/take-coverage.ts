/** Vitest kills its processes when they have run their last file, and then Node writes nothing. */
import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';

afterAll(() => takeCoverage());
