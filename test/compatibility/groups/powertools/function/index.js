const upstream = require('./upstream.cjs');
const { calls } = require('./calls.cjs');

const functions = calls(
  {
    batch: require('@aws-lambda-powertools/batch'),
    http: require('@aws-lambda-powertools/event-handler/http'),
    kafka: require('@aws-lambda-powertools/kafka'),
    parser: require('@aws-lambda-powertools/parser/schemas'),
    ssm: require('@aws-lambda-powertools/parameters/ssm'),
    tracer: require('@aws-lambda-powertools/tracer'),
    zod: require('zod'),
  },
  upstream,
);
exports.handler = (event, context) => functions[process.env.CALL](event, context);
