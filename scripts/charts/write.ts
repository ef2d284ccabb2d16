/** Writes the charts of the documentation: `npm run docs:charts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { CHART, tailLatencyChart } from './tail-latency.ts';

writeFileSync(join(ROOT, CHART), tailLatencyChart());
