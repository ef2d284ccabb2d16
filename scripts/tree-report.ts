/** Reports the number and size of source files, and circular imports: `npm run tree-report`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { circlesOf, importsOf, sourceFiles } from './module-graph.ts';
import { ROOT } from './root.ts';

/** The console's page runs in the browser and is counted separately. */
const PAGE = 'src/console/page/';
const FILES = sourceFiles('src', 'workers');
const PARTS = {
  src: FILES.filter((file) => file.startsWith('src/') && !file.startsWith(PAGE)),
  workers: FILES.filter((file) => file.startsWith('workers/')),
  [PAGE]: FILES.filter((file) => file.startsWith(PAGE)),
};
const LARGEST = 5;

for (const [part, files] of Object.entries(PARTS)) {
  const sizes = files
    .map((file) => ({ file, lines: linesOf(file) }))
    .toSorted((one, other) => other.lines - one.lines);
  const median = sizes[Math.floor(sizes.length / 2)]?.lines ?? 0;
  console.log(`${part}: ${sizes.length} files, median ${median} lines; the largest:`);
  for (const { file, lines } of sizes.slice(0, LARGEST)) console.log(`  ${lines}  ${file}`);
}
const circles = circlesOf(FILES.flatMap((file) => importsOf(file)));
console.log(`circular imports, including type imports: ${circles.length}`);
for (const circle of circles) console.log(`  ${circle.join(' · ')}`);

function linesOf(file: string): number {
  return readFileSync(join(ROOT, file), 'utf8').trimEnd().split('\n').length;
}
