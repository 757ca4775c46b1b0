/** What a task has done so far, as plain numbers that are read from outside the hot path. Times in ms. */
export interface TaskMetrics {
  readonly numRecordsIn: number;
  readonly numRecordsOut: number;
  /** Bytes of frames from and to other slots; records that stay within a slot are objects, and count none. */
  readonly numBytesIn: number;
  readonly numBytesOut: number;
  /** Records that entered the sinks of this task's chain; counted apart, since a sink has no output. */
  readonly numRecordsToSinks: number;
  /** Time spent working, waiting for input, and waiting for room. */
  readonly busyTime: number;
  readonly idleTime: number;
  readonly backPressuredTime: number;
  /** The watermark of the input (of the output, for sources). */
  readonly currentWatermark: number;
  readonly numRecordsSkipped: number;
  /** What waits on the producer's side of its channels, in bytes (elements for channels within a slot). */
  readonly outputBacklog: number;
  readonly inputQueued: number;
  /** Metrics that user functions registered, by operator and name. */
  readonly user: Readonly<Record<string, number | string | boolean>>;
}
