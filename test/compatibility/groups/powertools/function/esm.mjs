import * as batch from '@aws-lambda-powertools/batch';
import * as http from '@aws-lambda-powertools/event-handler/http';
import * as kafka from '@aws-lambda-powertools/kafka';
import * as parser from '@aws-lambda-powertools/parser/schemas';
import * as ssm from '@aws-lambda-powertools/parameters/ssm';
import * as tracer from '@aws-lambda-powertools/tracer';
import * as zod from 'zod';
import { calls } from './calls.cjs';
import * as upstream from './upstream.mjs';

const functions = calls({ batch, http, kafka, parser, ssm, tracer, zod }, upstream);
export const handler = (event, context) => functions[process.env.CALL](event, context);
