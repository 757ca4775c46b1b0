import type { StreamGraphBuilder } from "../../graph/stream/stream-graph-builder.ts";
import { changeNode, type OperatorChange } from "./operator-changes.ts";
import type { DataStreamSink } from "./operator-settings.ts";

/** A recorded sink with its settings. */
export class RecordedSink implements DataStreamSink {
  readonly "~millrace" = "sink";
  readonly #builder: StreamGraphBuilder;
  readonly #node: number;

  constructor(builder: StreamGraphBuilder, node: number) {
    this.#builder = builder;
    this.#node = node;
  }

  name(name: string): this {
    return this.#change({ kind: "name", name });
  }

  uid(uid: string): this {
    return this.#change({ kind: "uid", uid });
  }

  setParallelism(parallelism: number): this {
    return this.#change({ kind: "parallelism", parallelism });
  }

  setMaxParallelism(maxParallelism: number): this {
    return this.#change({ kind: "maxParallelism", maxParallelism });
  }

  startNewChain(): this {
    return this.#change({ kind: "chaining", chaining: "head" });
  }

  disableChaining(): this {
    return this.#change({ kind: "chaining", chaining: "never" });
  }

  slotSharingGroup(group: string): this {
    return this.#change({ kind: "slotSharingGroup", group });
  }

  #change(change: OperatorChange): this {
    changeNode(this.#builder, this.#node, change);
    return this;
  }
}
