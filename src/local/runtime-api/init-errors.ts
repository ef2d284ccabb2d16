import { type ErrorBody, parseDiagnostic, recordedErrorType } from '../invoke.ts';
import { Condition } from '../condition.ts';
import { ACCEPTED, type HttpAnswer, refusal } from '../http-exchange.ts';

/**
 * What a runtime has told when the function could not start: a `POST /runtime/init/error`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export interface InitError {
  /** As Lambda records it: anything that is not like `Runtime.Xxx` or `Function.Xxx` is `Runtime.Unknown`. */
  readonly errorType: string;
  /** As the runtime sent it. */
  readonly rawErrorType: string | undefined;
  /** The body as it came. */
  readonly body: Buffer;
  /** The body parsed, if it is a JSON object. */
  readonly error: ErrorBody | undefined;
  /** 202 for the first, 403 for all that follow. */
  readonly answered: 202 | 403;
}

/** Takes one init error, and refuses the others. */
export class InitErrors {
  readonly posted: InitError[] = [];
  readonly #changed = new Condition();

  take(rawErrorType: string | undefined, body: Buffer): HttpAnswer {
    const answer = this.posted.length === 0 ? ACCEPTED : NOT_AGAIN;
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

  /** Resolves with the first one. */
  first(): Promise<InitError> {
    const first = this.#changed.until(() => this.posted.length > 0).then(() => this.posted[0] as InitError);
    // One who no longer looks at it must not bring the process down when the server closes.
    first.catch(() => {});
    return first;
  }

  close(error: Error): void {
    this.#changed.abandon(error);
  }
}

const NOT_AGAIN = refusal(
  403,
  'InvalidStateTransition',
  'Transition from InitError to InitError is not allowed',
);
