/** Loaded first where coverage is taken: Node writes it down when a process exits, and not when it is killed. JavaScript, for `--jitless`. */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  // In single mode the handler's calls, and so all later ones, are answered in its place.
  const exit = process.exit.bind(process);
  process.on('SIGUSR2', () => exit());
}
