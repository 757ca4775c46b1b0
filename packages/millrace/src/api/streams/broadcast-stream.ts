import type {
  BroadcastProcessFunction,
  BroadcastRecord,
  KeyedBroadcastProcessFunction,
} from "../../common/functions/process-functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import type { GivenFunction } from "../functions/emitting-function.ts";
import { processNode } from "../functions/process-node.ts";
import type { Erased } from "./erased.ts";
import { edgesTo, ORIGIN, originOf, type Origin } from "./origin.ts";
import type { KeyedUpstreams, Recording, Upstreams } from "./recording.ts";
import type { BroadcastConnectedStream, BroadcastStream, KeyedBroadcastConnectedStream } from "./streams.ts";

/** A stream that goes to all subtasks, with the states that it fills. */
export class RecordedBroadcastStream implements BroadcastStream<Erased, BroadcastRecord> {
  readonly "~millrace" = "broadcastStream";
  readonly states: BroadcastRecord;
  readonly [ORIGIN]: Origin;

  constructor(origin: Origin, states: BroadcastRecord) {
    this[ORIGIN] = origin;
    this.states = states;
  }
}

/** Whether what `connect` got is a broadcast stream. */
export const isBroadcastStream = (value: unknown): value is BroadcastStream<Erased, Erased> =>
  typeof value === "object" &&
  value !== null &&
  (value as { "~millrace"?: unknown })["~millrace"] === "broadcastStream";

/** A stream and a broadcast one. */
export class RecordedBroadcastConnection implements BroadcastConnectedStream<
  Erased,
  Erased,
  BroadcastRecord
> {
  readonly #recording: Recording;
  readonly #first: Upstreams;
  readonly #second: BroadcastStream<Erased, BroadcastRecord>;

  constructor(recording: Recording, first: Upstreams, second: BroadcastStream<Erased, BroadcastRecord>) {
    this.#recording = recording;
    this.#first = first;
    this.#second = second;
  }

  process(given: GivenFunction | PerSubtask<GivenFunction>): Erased {
    const broadcast = this.#second.states;
    const { node, outputs } = processNode<BroadcastProcessFunction<unknown, unknown, unknown>>(
      "process",
      given,
      ["onRecord", "onBroadcast"],
      (fn) => ({ kind: "broadcastProcess", broadcast, fn }),
    );
    const second = originOf(this.#second, "connect", this.#recording).upstreams;
    const inputs = [...edgesTo(this.#first, 0), ...edgesTo(second, 1)];
    return this.#recording.streams.operator({ ...node, inputs }, outputs);
  }
}

/** A keyed stream and a broadcast one. */
export class RecordedKeyedBroadcastConnection implements KeyedBroadcastConnectedStream<
  Erased,
  Erased,
  Erased,
  BroadcastRecord
> {
  readonly #recording: Recording;
  readonly #first: KeyedUpstreams;
  readonly #second: BroadcastStream<Erased, BroadcastRecord>;

  constructor(recording: Recording, first: KeyedUpstreams, second: BroadcastStream<Erased, BroadcastRecord>) {
    this.#recording = recording;
    this.#first = first;
    this.#second = second;
  }

  process(given: GivenFunction | PerSubtask<GivenFunction>): Erased {
    const { selector, upstreams } = this.#first;
    const broadcast = this.#second.states;
    const { node, outputs } = processNode<KeyedBroadcastProcessFunction<unknown, unknown, unknown, unknown>>(
      "process",
      given,
      ["onRecord", "onBroadcast"],
      (fn) => ({ kind: "keyedBroadcastProcess", keySelector: selector, broadcast, fn }),
    );
    const second = originOf(this.#second, "connect", this.#recording).upstreams;
    const inputs = [...edgesTo(upstreams, 0), ...edgesTo(second, 1)];
    return this.#recording.streams.operator({ ...node, inputs }, outputs);
  }
}
