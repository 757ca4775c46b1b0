/**
 * A point in time: milliseconds since 1970-01-01T00:00:00Z.
 *
 * Inside the engine two infinities have a meaning of their own and compare as one expects;
 * on the wire and in snapshots they are explicit kinds, never numbers.
 */
export type Timestamp = number;

/** The timestamp of a record that has none. */
export const NO_TIMESTAMP: Timestamp = -Infinity;
/** The watermark before any event: nothing is known yet. */
export const MIN_WATERMARK: Timestamp = -Infinity;
/** The watermark after the last event: event time is complete. */
export const MAX_WATERMARK: Timestamp = Infinity;
