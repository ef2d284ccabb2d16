import type { LocalSettings } from '../config/local-settings.ts';

/**
 * What to type, for who has just started the local server.
 *
 * @param unused the Runtime API that the environment names, where it is not used.
 */
export function welcome(
  settings: LocalSettings,
  address: string,
  pagePath: string,
  unused: string | undefined,
): string {
  const { functionName, invocationEndpoint, concurrency, timeoutMs } = settings;
  const url = `http://${address}`;
  const why = unused === undefined ? 'is not set' : `(${unused}) is not used`;
  return `
AWS_LAMBDA_RUNTIME_API ${why}: the function "${functionName}" runs locally, up to ${concurrency} at once, ${timeoutMs / 1000} s each.

  watch it           ${url}${pagePath}
  with an event      curl ${url}${invocationEndpoint} --data '{"key":"value"}'
  as a Function URL  curl ${url}/
  with AWS's CLI     aws lambda invoke --endpoint-url ${url} --region us-east-1 --no-sign-request \\
                       --function-name ${functionName} --cli-binary-format raw-in-base64-out \\
                       --payload '{"key":"value"}' /dev/stdout

Ctrl-C stops it.

`;
}
