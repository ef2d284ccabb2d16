const http = require('node:http');
const xray = require('aws-xray-sdk-core');
const { handlers } = require('./handlers.cjs');
const upstream = require('./upstream.cjs');

Object.assign(exports, handlers(xray, http, upstream));
