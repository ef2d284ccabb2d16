import * as Sentry from '@sentry/aws-serverless';
import { handler as plain } from './automatic-esm.mjs';

Sentry.init({ dsn: process.env.SENTRY_DSN, tracesSampleRate: 0 });
export const handler = Sentry.wrapHandler(plain);
