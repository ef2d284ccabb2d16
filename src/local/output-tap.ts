import { StringDecoder } from 'node:string_decoder';

/**
 * Has each line that this process writes with `process.stdout` and `process.stderr` seen, that of its worker threads
 * included, which Node passes on by them. Returns what undoes it.
 */
export function tapOutput(onLine: (line: string) => void): () => void {
  const undo = [process.stdout, process.stderr].map((stream) => tap(stream, onLine));
  return () => {
    for (const each of undo) each();
  };
}

function tap(stream: NodeJS.WriteStream, onLine: (line: string) => void): () => void {
  const decoder = new StringDecoder();
  const { write } = stream;
  let rest = '';
  const tapped = (...args: Parameters<typeof write>): boolean => {
    const [chunk] = args;
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk as Buffer))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    return write.apply(stream, args);
  };
  stream.write = tapped as typeof write;
  return () => {
    if (stream.write === tapped) stream.write = write;
  };
}
