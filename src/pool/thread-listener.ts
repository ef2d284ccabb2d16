import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type {
  BackgroundFailedMessage,
  EscapedMessage,
  LoadedHandler,
  ReplyMessage,
  SettledMessage,
  StreamMessage,
} from '../protocol.ts';
import type { PoolThread } from './pool-thread.ts';
import type { ThreadEnd } from './thread-end.ts';

/** What a thread tells of itself. */
export interface ThreadListener {
  onReady(thread: PoolThread, handler: LoadedHandler): void;
  onBootFailed(thread: PoolThread, diagnostic: EncodedDiagnostic): void;
  onEscaped(thread: PoolThread, message: EscapedMessage): void;
  /** Its heap is larger than `maxThreadHeapMb`. */
  onHeavy(thread: PoolThread): void;
  /** The thread is gone; comes once, and after all of its messages. */
  onEnd(thread: PoolThread, end: ThreadEnd): void;
  /** Its code has stopped running, which can be some time after its end. */
  onGone(thread: PoolThread): void;
}

/** What a thread tells of the invocations that it holds. */
export interface RunListener {
  onReply(thread: PoolThread, reply: ReplyMessage): void;
  onStream(thread: PoolThread, message: StreamMessage): void;
  /** What a reply has left behind, or a streaming handler and its stream, has settled. */
  onSettled(thread: PoolThread, message: SettledMessage): void;
  onBackgroundFailed(thread: PoolThread, message: BackgroundFailedMessage): void;
}
