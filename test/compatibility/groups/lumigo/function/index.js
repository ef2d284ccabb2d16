const lumigo = require('@lumigo/tracer')({ token: process.env.TOKEN });
const { handler } = require('./traced.js');

exports.handler = lumigo.trace(handler);
