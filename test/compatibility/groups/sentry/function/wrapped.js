const Sentry = require('@sentry/aws-serverless');

// Without the instrumentation of the handler, wrapHandler() alone wraps it.
Sentry.init({ dsn: process.env.SENTRY_DSN, tracesSampleRate: 0 });
exports.handler = Sentry.wrapHandler(require('./automatic.js').handler);
