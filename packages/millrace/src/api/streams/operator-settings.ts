/** What can be said of a transformation after it was recorded. Every method answers the stream itself. */
export interface OperatorSettings {
  /**
   * Names the operator in plans, metrics, logs and errors.
   *
   * @example `stream.map(parse).name("parse lines")`
   */
  name(name: string): this;
  /**
   * Ties the operator to its state: with an explicit uid a new version of the program finds the state in a savepoint, wherever
   * the operator then stands. Unique in the job; any text. Without it a hash of the operator's position counts.
   *
   * @throws MillraceError INVALID_ARGUMENT when it is empty; INVALID_GRAPH at submission when it was given twice
   * @example `stream.keyBy(key).process(fraud).uid("fraud")`
   */
  uid(uid: string): this;
  /**
   * How many subtasks run the operator. Default: the environment's.
   *
   * @throws MillraceError INVALID_ARGUMENT when it is not a whole number from 1 to 32768; INVALID_GRAPH where one subtask must see
   *   everything
   * @example `stream.map(parse).setParallelism(4)`
   */
  setParallelism(parallelism: number): this;
  /**
   * The greatest parallelism that the operator's state can ever be spread over: the number of its key groups. It can't be changed
   * once there is state. Default: the environment's.
   *
   * @throws MillraceError INVALID_ARGUMENT when it is not a whole number from 1 to 32768
   * @example `stream.keyBy(key).process(fraud).setMaxParallelism(1024)`
   */
  setMaxParallelism(maxParallelism: number): this;
  /**
   * Runs the operator in another task than the one before it, and those that follow with it.
   *
   * @example `stream.map(cheap).map(dear).startNewChain()`
   */
  startNewChain(): this;
  /**
   * Runs the operator in a task of its own.
   *
   * @example `stream.map(dear).disableChaining()`
   */
  disableChaining(): this;
  /**
   * Names the slot sharing group: operators of different groups never run in one slot. Default: "default" for every operator.
   *
   * @throws MillraceError INVALID_ARGUMENT when the name is empty
   * @example `stream.map(dear).slotSharingGroup("dear")`
   */
  slotSharingGroup(group: string): this;
}

/** The end of a stream: a sink with its settings. */
export interface DataStreamSink extends OperatorSettings {
  /** Marks the end of a stream, so that it can't be taken for a stream. */
  readonly "~millrace": "sink";
}
