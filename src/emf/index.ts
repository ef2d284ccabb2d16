/**
 * Metrics of a runtime for CloudWatch, in lines of its embedded metric format.
 *
 * @module lambda-managed-runtime/emf
 */
export { emitEmf } from './emit-emf.ts';
export type { EmfOptions } from './emit-emf.ts';
