import type { CoProcessFunction, KeyedCoProcessFunction } from "../../common/functions/process-functions.ts";
import type { KeySelector } from "../../common/functions/functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import { hashBy } from "../../graph/stream/partitioners.ts";
import { requireFunction } from "../functions/element-specs.ts";
import type { GivenFunction } from "../functions/emitting-function.ts";
import { selectorOf } from "../functions/key-selector.ts";
import { processNode } from "../functions/process-node.ts";
import type { Erased } from "./erased.ts";
import { edgesTo, partitioned } from "./origin.ts";
import type { KeyedUpstreams, Recording, Upstreams } from "./recording.ts";
import type { ConnectedStreams, KeyedConnectedStreams } from "./streams.ts";

type Handler = (value: Erased) => Erased;

/** Two streams in one operator. */
export class RecordedConnection implements ConnectedStreams<Erased, Erased> {
  readonly #recording: Recording;
  readonly #first: Upstreams;
  readonly #second: Upstreams;

  constructor(recording: Recording, first: Upstreams, second: Upstreams) {
    this.#recording = recording;
    this.#first = first;
    this.#second = second;
  }

  map(first: Handler, second: Handler): Erased {
    requireFunction("map on connected streams", "the first argument", first);
    requireFunction("map on connected streams", "the second argument", second);
    // One record out for each, whatever it is: arrays, too.
    return this.#process(
      "Co-Map",
      handlers(
        (value) => [first(value)],
        (value) => [second(value)],
      ),
    );
  }

  flatMap(first: Handler, second: Handler): Erased {
    requireFunction("flatMap on connected streams", "the first argument", first);
    requireFunction("flatMap on connected streams", "the second argument", second);
    const each =
      (fn: Handler) =>
      (value: unknown): unknown => {
        const out = fn(value) as Iterable<unknown> | undefined;
        return out === undefined ? undefined : [...out];
      };
    return this.#process("Co-Flat Map", handlers(each(first), each(second)));
  }

  process(given: GivenFunction | PerSubtask<GivenFunction>): Erased {
    return this.#process(undefined, given);
  }

  keyBy(first: KeySelector<Erased, unknown>, second: KeySelector<Erased, unknown>): Erased {
    const [one, two] = [selectorOf("keyBy", first), selectorOf("keyBy", second)];
    return this.#recording.streams.keyedConnected(
      { upstreams: partitioned(this.#first, hashBy(one)), selector: one },
      { upstreams: partitioned(this.#second, hashBy(two)), selector: two },
    );
  }

  #process(name: string | undefined, given: GivenFunction | PerSubtask<GivenFunction>): Erased {
    const { node, outputs } = processNode<CoProcessFunction<unknown, unknown, unknown>>(
      "process",
      given,
      ["onRecord1", "onRecord2"],
      (fn) => ({ kind: "coProcess", fn }),
    );
    const inputs = [...edgesTo(this.#first, 0), ...edgesTo(this.#second, 1)];
    return this.#recording.streams.operator({ ...node, name, inputs }, outputs);
  }
}

const handlers = (onRecord1: Handler, onRecord2: Handler): GivenFunction =>
  ({ onRecord1, onRecord2 }) as GivenFunction;

/** Two streams keyed alike. */
export class RecordedKeyedConnection implements KeyedConnectedStreams<Erased, Erased, Erased> {
  readonly #recording: Recording;
  readonly #first: KeyedUpstreams;
  readonly #second: KeyedUpstreams;

  constructor(recording: Recording, first: KeyedUpstreams, second: KeyedUpstreams) {
    this.#recording = recording;
    this.#first = first;
    this.#second = second;
  }

  process(given: GivenFunction | PerSubtask<GivenFunction>): Erased {
    const keySelectors = [this.#first.selector, this.#second.selector] as const;
    const { node, outputs } = processNode<KeyedCoProcessFunction<unknown, unknown, unknown, unknown>>(
      "process",
      given,
      ["onRecord1", "onRecord2"],
      (fn) => ({ kind: "keyedCoProcess", keySelectors, fn }),
    );
    const inputs = [...edgesTo(this.#first.upstreams, 0), ...edgesTo(this.#second.upstreams, 1)];
    return this.#recording.streams.operator({ ...node, inputs }, outputs);
  }
}
