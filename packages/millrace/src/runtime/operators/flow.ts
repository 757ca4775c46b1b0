/**
 * Room behind an operator. `blocked` is a plain field that long loops read after each record they emit: when it is true
 * they stop, and go on when they are called again.
 */
export interface Flow {
  readonly blocked: boolean;
}

/**
 * A long output loop that can stop between two records and be resumed: firing a window of a million keys, draining
 * timers, emitting ready async results.
 */
export interface OutputCursor {
  /** Emits until done (true) or until `flow.blocked` (false). Called again when there is room. */
  advance(): boolean;
  /**
   * Whether the operator's snapshot holds what the loop has still to emit, where it stands now: then a barrier need not wait for its end.
   * Default false.
   */
  readonly inState?: boolean;
}
