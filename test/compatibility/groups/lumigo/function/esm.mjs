import lumigo from '@lumigo/tracer';
import { handler as untraced } from './traced-esm.mjs';

export const handler = lumigo({ token: process.env.TOKEN }).trace(untraced);
