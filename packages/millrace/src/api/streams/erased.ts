/**
 * Streams carry their types for the compiler only, and what implements them serves all types: `any` stands there for what
 * the interfaces in `streams.ts` say precisely.
 */
export type Erased = any;
