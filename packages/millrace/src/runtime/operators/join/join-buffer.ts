import type { ListState, ListStateDescriptor } from "../../../common/state/state.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { Types } from "../../../common/types/types.ts";
import type { KeyedStateStore, NamespacedState } from "../../state/keyed-state.ts";

/** A record that waits for partners. */
export interface Buffered {
  readonly time: Timestamp;
  readonly value: unknown;
}

/** Names of buckets that are kept. */
const MAX_NAMES = 4096;

/**
 * One side's records of the current key, in buckets by time, so that a search looks at those near its range only. A bucket is a
 * list in a namespace of its own, dropped whole.
 */
export class JoinBuffer {
  readonly #state: NamespacedState<ListStateDescriptor<Buffered>>;
  readonly #size: number;
  readonly #names = new Map<number, string>();

  /** @param size of a bucket, ms */
  constructor(store: KeyedStateStore, name: string, type: TypeInfo<unknown> | undefined, size: number) {
    const element = type === undefined ? undefined : Types.object({ time: Types.double, value: type });
    const descriptor: ListStateDescriptor<Buffered> = {
      "~millrace": "state",
      kind: "list",
      type: element,
    };
    this.#state = store.getNamespacedState(name, descriptor);
    this.#size = size;
  }

  bucketOf(time: Timestamp): number {
    return Math.floor(time / this.#size);
  }

  /** The first time behind a bucket. */
  endOf(bucket: number): Timestamp {
    return (bucket + 1) * this.#size;
  }

  add(time: Timestamp, value: unknown): void {
    this.#list(this.bucketOf(time)).add({ time, value });
  }

  /** A bucket's records, in the order they came. Nothing may be added to it while they are walked. */
  read(bucket: number): readonly Buffered[] {
    const list = this.#list(bucket).get() as Iterable<Buffered>;
    return Array.isArray(list) ? (list as readonly Buffered[]) : [...list];
  }

  drop(bucket: number): void {
    this.#list(bucket).clear();
  }

  #list(bucket: number): ListState<Buffered> {
    let name = this.#names.get(bucket);
    if (name === undefined) {
      if (this.#names.size >= MAX_NAMES) this.#names.clear();
      name = String(bucket);
      this.#names.set(bucket, name);
    }
    return this.#state.in(name);
  }
}
