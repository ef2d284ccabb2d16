const apm = require('elastic-apm-node').start();
const { handler } = require('./traced.js');

exports.handler = apm.lambda(handler);
