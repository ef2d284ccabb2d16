import { type ErrorBody, parseDiagnostic, recordedErrorType } from '../invoke.ts';
import { Condition } from '../condition.ts';
import { ACCEPTED, type HttpAnswer, refusal } from '../http-exchange.ts';

/**
 * An init error that a runtime posted to `/runtime/init/error` because the function could not start.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export interface InitError {
  /** The type that Lambda records: `Runtime.Unknown` if the type does not match `Runtime.Xxx` or `Function.Xxx`. */
  readonly errorType: string;
  /** The type as the runtime sent it. */
  readonly rawErrorType: string | undefined;
  /** The bytes of the body. */
  readonly body: Buffer;
  /** The parsed body; undefined if it is not a JSON object. */
  readonly error: ErrorBody | undefined;
  /** The status of the response: 202 for the first init error, 403 for later ones. */
  readonly answered: 202 | 403;
}

/** Accepts the first init error and rejects later ones. */
export class InitErrors {
  readonly posted: InitError[] = [];
  readonly #changed = new Condition();

  take(rawErrorType: string | undefined, body: Buffer): HttpAnswer {
    const answer = this.posted.length === 0 ? ACCEPTED : ALREADY_POSTED;
    this.posted.push({
      errorType: recordedErrorType(rawErrorType),
      rawErrorType,
      body,
      error: parseDiagnostic(body),
      answered: answer === ACCEPTED ? 202 : 403,
    });
    this.#changed.changed();
    return answer;
  }

  /** Resolves with the first init error. */
  first(): Promise<InitError> {
    const first = this.#changed.until(() => this.posted.length > 0).then(() => this.posted[0] as InitError);
    // A caller that no longer awaits the promise must not cause an unhandled rejection when the server closes.
    first.catch(() => {});
    return first;
  }

  close(error: Error): void {
    this.#changed.abandon(error);
  }
}

const ALREADY_POSTED = refusal(
  403,
  'InvalidStateTransition',
  'Transition from InitError to InitError is not allowed',
);
