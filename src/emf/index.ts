export { emitEmf } from './emit-emf.ts';
export type { EmfOptions } from './emit-emf.ts';
