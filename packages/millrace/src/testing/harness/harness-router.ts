import { unreachable } from "../../common/errors/unreachable.ts";
import { hashKey } from "../../common/keys/hash-key.ts";
import { keyGroupOf, subtaskOfKeyGroup } from "../../common/keys/key-groups.ts";
import type { Partitioner } from "../../graph/stream/stream-graph.ts";

/** Finds the subtasks of records, as the edge into the operator would. */
export class HarnessRouter {
  readonly #partitioner: Partitioner;
  readonly #parallelism: number;
  readonly #maxParallelism: number;
  #next = 0;

  constructor(partitioner: Partitioner, parallelism: number, maxParallelism: number) {
    this.#partitioner = partitioner;
    this.#parallelism = parallelism;
    this.#maxParallelism = maxParallelism;
  }

  /** The subtasks that get a record. */
  subtasks(value: unknown): readonly number[] {
    const partitioner = this.#partitioner;
    switch (partitioner.kind) {
      case "hash":
        return [this.subtaskOfKey(partitioner.keySelector(value))];
      case "broadcast":
        return Array.from({ length: this.#parallelism }, (_, i) => i);
      case "global":
        return [0];
      case "custom":
        return [partitioner.partition(partitioner.keySelector(value), this.#parallelism)];
      case "forward":
      case "rebalance":
      case "rescale":
      case "shuffle":
        return [this.#next++ % this.#parallelism];
      default:
        return unreachable(partitioner, "partitioner");
    }
  }

  subtaskOfKey(key: unknown): number {
    const keyGroup = keyGroupOf(hashKey(key), this.#maxParallelism);
    return subtaskOfKeyGroup(this.#maxParallelism, this.#parallelism, keyGroup);
  }
}
