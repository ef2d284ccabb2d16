/**
 * The header that classifies an error. Lambda records types of the form `Runtime.Xxx` or `Function.Xxx` (letters only) and
 * replaces all others with `Runtime.Unknown`. Error types of handlers are therefore prefixed with `Function.`.
 */
export function errorTypeHeader(errorType: string): [name: string, value: string] {
  if (/^(?:Runtime|Function)\.[A-Z][A-Za-z]{0,127}$/.test(errorType)) return [NAME, errorType];
  const word = errorType.replaceAll(/[^A-Za-z]/g, '').slice(0, 128);
  const capitalised = word.charAt(0).toUpperCase() + word.slice(1);
  return [NAME, /^[A-Z]/.test(capitalised) ? `Function.${capitalised}` : 'Function.Error'];
}

const NAME = 'lambda-runtime-function-error-type';
