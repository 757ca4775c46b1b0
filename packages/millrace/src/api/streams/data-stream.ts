import type { ProcessFunction } from "../../common/functions/process-functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import type { GivenFunction } from "../functions/emitting-function.ts";
import { processNode } from "../functions/process-node.ts";
import { RecordedStream } from "./any-stream.ts";
import { isBroadcastStream } from "./broadcast-stream.ts";
import type { Erased } from "./erased.ts";
import { originOf } from "./origin.ts";
import type { BroadcastStream, DataStream } from "./streams.ts";

/** A stream without a key. */
export class RecordedDataStream extends RecordedStream implements DataStream<Erased> {
  readonly "~millrace" = "stream";

  process(given: GivenFunction | PerSubtask<GivenFunction>): Erased {
    const { node, outputs } = processNode<ProcessFunction<unknown, unknown>>(
      "process",
      given,
      ["onRecord"],
      (fn) => ({
        kind: "process",
        fn,
      }),
    );
    return this.recording.streams.operator({ ...node, inputs: this.edges() }, outputs);
  }

  connect(other: DataStream<Erased> | BroadcastStream<Erased, Erased>): Erased {
    if (isBroadcastStream(other)) return this.recording.streams.broadcastConnected(this.upstreams, other);
    return this.recording.streams.connected(
      this.upstreams,
      originOf(other, "connect", this.recording).upstreams,
    );
  }
}
