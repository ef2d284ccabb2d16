import http from 'node:http';
import xray from 'aws-xray-sdk-core';
import { handlers } from './handlers.cjs';
import * as upstream from './upstream.mjs';

export const { subsegments, segment } = handlers(xray, http, upstream);
