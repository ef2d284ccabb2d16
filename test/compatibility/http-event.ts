/** An event of an HTTP API, payload format 2.0: a POST request with JSON. */
export const httpEvent = (path: string, body: unknown, requestId = 'id') => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: path,
  rawQueryString: '',
  headers: { 'content-type': 'application/json', host: 'api.example.com' },
  requestContext: {
    accountId: '123456789012',
    apiId: 'api',
    domainName: 'api.example.com',
    domainPrefix: 'api',
    http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
    requestId,
    routeKey: '$default',
    stage: '$default',
    time: '14/Nov/2023:22:13:20 +0000',
    timeEpoch: 1_700_000_000_000,
  },
  body: JSON.stringify(body),
  isBase64Encoded: false,
});
