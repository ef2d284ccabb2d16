/**
 * The header that classifies an error. Lambda records types in the form `Runtime.Xxx` or `Function.Xxx` (letters only)
 * as they are and all others as `Runtime.Unknown`; a handler's own error type therefore goes under `Function.`.
 */
export function errorTypeHeader(errorType: string): [name: string, value: string] {
  if (/^(?:Runtime|Function)\.[A-Z][A-Za-z]{0,127}$/.test(errorType)) return [NAME, errorType];
  const word = errorType.replaceAll(/[^A-Za-z]/g, '').slice(0, 128);
  const capitalised = word.charAt(0).toUpperCase() + word.slice(1);
  return [NAME, /^[A-Z]/.test(capitalised) ? `Function.${capitalised}` : 'Function.Error'];
}

const NAME = 'lambda-runtime-function-error-type';
