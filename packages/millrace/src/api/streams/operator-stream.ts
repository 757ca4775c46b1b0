import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { OutputRecord } from "../../common/functions/process-functions.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import { describeType } from "../../common/types/describe-type.ts";
import { toTypeInfo } from "../../common/types/type-like.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { typesEqual } from "../../common/types/types-equal.ts";
import type { OperatorKind } from "../../graph/stream/operator-spec.ts";
import { FORWARD } from "../../graph/stream/partitioners.ts";
import { RecordedDataStream } from "./data-stream.ts";
import type { PoisonRecordPolicy } from "./dead-letter.ts";
import type { Erased } from "./erased.ts";
import { changeNode, type OperatorChange } from "./operator-changes.ts";
import type { Recording, Upstream } from "./recording.ts";
import type { DataStream, SideOutputs, SingleOutputStreamOperator } from "./streams.ts";

/** Operators whose functions may emit to tags that they didn't declare. */
const EMITS_TO_ANY_TAG: ReadonlySet<OperatorKind> = new Set<OperatorKind>([
  "process",
  "keyedProcess",
  "coProcess",
  "keyedCoProcess",
  "broadcastProcess",
  "keyedBroadcastProcess",
  "window",
]);

/** The stream of a node's output, with the node's settings. */
export class RecordedOperatorStream
  extends RecordedDataStream
  implements SingleOutputStreamOperator<Erased, Erased>
{
  readonly #node: number;
  readonly sideOutputs: SideOutputs<Erased>;

  constructor(recording: Recording, node: number, outputs: OutputRecord) {
    const upstream: Upstream = {
      node,
      sideOutput: undefined,
      partitioner: FORWARD,
      // `returns` may declare it later.
      get type() {
        return recording.builder.node(node).outputType;
      },
    };
    super({ recording, upstreams: [upstream] });
    this.#node = node;
    this.sideOutputs = Object.freeze(
      Object.fromEntries(Object.entries(outputs).map(([name, tag]) => [name, this.#side(tag.id, tag.type)])),
    );
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

  getSideOutput(tag: OutputTag<Erased>): DataStream<Erased> {
    if (tag?.["~millrace"] !== "output") {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `getSideOutput takes a tag made by outputTag, got ${preview(tag)}`,
      );
    }
    const { builder } = this.recording;
    const { name, spec, sideOutputTypes } = builder.node(this.#node);
    if (!sideOutputTypes.has(tag.id)) {
      if (!EMITS_TO_ANY_TAG.has(spec.kind)) {
        const known = [...sideOutputTypes.keys()];
        throw new MillraceError("INVALID_GRAPH", `"${name}" has no side output "${tag.id}"`, {
          help:
            known.length === 0
              ? "Only process functions and windows have side outputs."
              : `It has ${known.join(", ")}.`,
        });
      }
      builder.update(this.#node, { sideOutputTypes: new Map([...sideOutputTypes, [tag.id, tag.type]]) });
    }
    const known = sideOutputTypes.get(tag.id);
    if (
      known !== undefined &&
      tag.type !== undefined &&
      !typesEqual(known.description, tag.type.description)
    ) {
      throw new MillraceError(
        "INVALID_GRAPH",
        `side output "${tag.id}" of "${name}" is of type ${describeType(known.description)}, not ${describeType(tag.type.description)}`,
      );
    }
    return this.#side(tag.id, known ?? tag.type);
  }

  returns(type: Erased): this {
    this.recording.builder.update(this.#node, { outputType: toTypeInfo(type) });
    return this;
  }

  onPoisonRecord(policy: PoisonRecordPolicy<Erased>): this {
    const { builder } = this.recording;
    if (policy === "fail" || policy === "skip") {
      builder.update(this.#node, { poison: { kind: policy } });
      return this;
    }
    const tag: OutputTag<Erased> | undefined = policy?.deadLetter;
    if (tag?.["~millrace"] !== "output") {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `onPoisonRecord takes "fail", "skip" or { deadLetter: tag }, got ${preview(policy)}`,
      );
    }
    const { sideOutputTypes } = builder.node(this.#node);
    builder.update(this.#node, {
      poison: { kind: "deadLetter", tag },
      sideOutputTypes: new Map([...sideOutputTypes, [tag.id, tag.type]]),
    });
    return this;
  }

  #side(id: string, type: TypeInfo<unknown> | undefined): RecordedDataStream {
    return new RecordedDataStream({
      recording: this.recording,
      upstreams: [{ node: this.#node, sideOutput: id, partitioner: FORWARD, type }],
    });
  }

  #change(change: OperatorChange): this {
    changeNode(this.recording.builder, this.#node, change);
    return this;
  }
}
