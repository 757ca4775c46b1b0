import { createFrameCodec } from "../../../common/codec/create-frame-codec.ts";
import type { FrameCodec } from "../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import { MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from "../../../common/time/timestamps.ts";
import { Types } from "../../../common/types/types.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { describeIssue } from "../../../common/types/validate-value.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CapturedEntry, StateMeta } from "../../state/captured-state.ts";
import type { StateFileReader, StateFiles } from "../storage/state-files.ts";
import { Content } from "./container/container-layout.ts";
import { ContainerReader } from "./container/container-reader.ts";
import type { KeyedPartHeader, KeyedPartReader, KeyKind, StateHeader } from "./keyed-part.ts";
import { checkEntries } from "./keyed/check-entries.ts";
import { gatherEntries } from "./keyed/gather-entries.ts";
import { keyKindsOf } from "./keyed/key-kinds.ts";
import { FIRST_BLOCK, PartBlocks, type CheckedBlock } from "./keyed/part-blocks.ts";
import { decodePartHeader, PartBlock } from "./keyed/part-header.ts";
import { decodePartIndex, watermarkOf, type PartIndex } from "./keyed/part-index.ts";
import { RowReader } from "./keyed/row-reader.ts";
import { stateMetaOf } from "./keyed/state-header.ts";
import { declaredType, needsCheck, stateMigration } from "./keyed/state-migration.ts";
import { createRowCodec, rowCodecOf, type StateRow } from "./keyed/state-row.ts";

const removalCodec = createFrameCodec<unknown>(Types.any, {
  unique: "checkpoint/removals",
  generate: false,
});

/** From so many rows of a state on, compiling code for them pays. */
const ROWS_WORTH_CODE = 500;

/**
 * Opens a part of keyed state; `close` it.
 *
 * @throws CHECKPOINT_CORRUPT naming file and block, CHECKPOINT_STORAGE_FAILED, RESTORE_REFUSED for another version of the format
 */
export function openKeyedPart(files: StateFiles, bytes: StateBytes): KeyedPartReader {
  const file = files.open(bytes);
  try {
    return new PartReader(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

class PartReader implements KeyedPartReader {
  readonly header: KeyedPartHeader;
  readonly keyKinds: readonly KeyKind[] | undefined;
  readonly #file: StateFileReader;
  readonly #index: PartIndex;
  readonly #blocks: PartBlocks;
  readonly #codecs = new Map<StateMeta | number, FrameCodec<StateRow>>();

  constructor(file: StateFileReader) {
    this.#file = file;
    const container = new ContainerReader(file, Content.KEYED_PART);
    const first = container.block(0, FIRST_BLOCK);
    if (first.type !== PartBlock.HEADER) throw container.damaged(0, FIRST_BLOCK, "it is no header");
    this.header = decodePartHeader(first.payload, (what, cause) =>
      container.damaged(0, FIRST_BLOCK, what, cause),
    );
    this.#index = decodePartIndex(container.index, (what, cause) =>
      container.damaged(container.indexNumber, container.indexOffset, what, cause),
    );
    this.keyKinds = keyKindsOf(this.#index.keyKinds);
    this.#blocks = new PartBlocks(container, this.header, this.#index, first.end);
  }

  watermark(keyGroup: number): Timestamp {
    const run = this.#index.watermarks.find(({ start, end }) => start <= keyGroup && keyGroup < end);
    return run === undefined ? MIN_WATERMARK : watermarkOf(run.watermark);
  }

  size(state: number, keyGroup: number): { readonly bytes: number; readonly rows: number } {
    return this.#blocks.size(state, keyGroup);
  }

  entries(state: number, keyGroup: number, as: StateMeta | undefined): Iterable<CapturedEntry> {
    const header = this.header.states[state];
    if (header === undefined) return [];
    const codec = this.#codec(state, header, as);
    const rows = new RowReader(this.#blocks.read(state, keyGroup, PartBlock.ROWS), codec, (error, block) =>
      this.#explain(error, block, header, as),
    );
    const entries = gatherEntries(rows, header, state);
    return as === undefined ? entries : this.#checked(entries, header, as);
  }

  *removedNamespaces(state: number, keyGroup: number): Generator<number> {
    const rows = this.#removed(state, keyGroup, PartBlock.REMOVED_NAMESPACES);
    while (rows.next()) {
      if (typeof rows.row !== "number") throw rows.damaged("a namespace that is no number");
      yield rows.row;
    }
  }

  *removals(
    state: number,
    keyGroup: number,
  ): Generator<{ readonly key: unknown; readonly namespace: number | undefined }> {
    const rows = this.#removed(state, keyGroup, PartBlock.REMOVALS);
    while (rows.next())
      yield { key: rows.row, namespace: rows.slot === NO_TIMESTAMP ? undefined : rows.slot };
  }

  *blocks(state: number, keyGroup: number): Generator<Uint8Array> {
    for (const { payload } of this.#blocks.read(state, keyGroup, PartBlock.ROWS)) yield payload;
  }

  close(): void {
    this.#file.close();
  }

  #removed(state: number, keyGroup: number, type: number): RowReader<unknown> {
    return new RowReader(this.#blocks.read(state, keyGroup, type), removalCodec, (error, block) =>
      block.damaged(error instanceof Error ? error.message : String(error), error),
    );
  }

  #codec(state: number, header: StateHeader, as: StateMeta | undefined): FrameCodec<StateRow> {
    const known = this.#codecs.get(as ?? state);
    if (known !== undefined) return known;
    const codec = this.#makeCodec(state, header, as);
    this.#codecs.set(as ?? state, codec);
    return codec;
  }

  #makeCodec(state: number, header: StateHeader, as: StateMeta | undefined): FrameCodec<StateRow> {
    const opaque = stateMetaOf(header);
    if (as === undefined) return createRowCodec(opaque, this.#isLarge(state));
    const migration = stateMigration(header, as);
    if (migration.kind === "incompatible") throw this.#refused(header, as, migration.path, migration.reason);
    if (migration.kind === "same" && declaresSame(header, as)) return rowCodecOf(as);
    const meta = {
      ...opaque,
      type: withCustoms(header.type, as.type),
      keyType: withCustoms(header.keyType, as.keyType),
    };
    return createRowCodec(meta, this.#isLarge(state));
  }

  #isLarge(state: number): boolean {
    let rows = 0;
    for (const block of this.#index.blocks) if (block.state === state) rows += block.rows;
    return rows >= ROWS_WORTH_CODE;
  }

  /** Where a type is declared that was not when the state was written, every value has to fit it. */
  #checked(entries: Iterable<CapturedEntry>, header: StateHeader, as: StateMeta): Iterable<CapturedEntry> {
    const keys = needsCheck(header.keyType, as.keyType?.description) ? as.keyType : undefined;
    const values = needsCheck(header.type, as.type?.description) ? as.type : undefined;
    if (keys === undefined && values === undefined) return entries;
    return checkEntries(entries, keys, values, (key, issue) =>
      this.#refused(header, as, issue.path, `key ${preview(key)}: ${describeIssue(issue)}`),
    );
  }

  #explain(error: unknown, block: CheckedBlock, header: StateHeader, as: StateMeta | undefined): unknown {
    if (!MillraceError.is(error, "CODEC_CORRUPT")) return error;
    const customs = (as?.type?.customs.size ?? 0) + (as?.keyType?.customs.size ?? 0);
    // The bytes are those that were written: what a codec of the program can't read, it has not written.
    if (as !== undefined && customs > 0 && error.cause !== undefined)
      return this.#refused(
        header,
        as,
        "",
        `the codec of a custom type failed: ${error.message}`,
        error.cause,
      );
    return block.damaged(error.message, error);
  }

  #refused(header: StateHeader, as: StateMeta, path: string, reason: string, cause?: unknown): MillraceError {
    const { operator } = this.header;
    const [from, to] = [
      typesOf(header.keyType, header.type),
      typesOf(as.keyType?.description, as.type?.description),
    ];
    return new MillraceError(
      "RESTORE_REFUSED",
      `state "${header.name}" of operator ${operator} can't be restored: ${path === "" ? "" : `${path}: `}${reason}`,
      {
        cause,
        help: `It was written as ${from}, and its type is now ${to}. Go back to the former type, change it as docs/guide says is possible, or give the state another name to start it empty.`,
        details: { operator, state: header.name, path, from, to },
      },
    );
  }
}

/** Whether rows are written alike. A type that is declared as any is not the same as none. */
function declaresSame(header: StateHeader, as: StateMeta): boolean {
  return (
    (header.type === undefined) === (as.type === undefined) &&
    (header.keyType === undefined) === (as.keyType === undefined)
  );
}

function withCustoms(
  description: TypeDescription | undefined,
  now: TypeInfo<unknown> | undefined,
): TypeInfo<unknown> | undefined {
  return description && { "~millrace": "type", description, customs: now?.customs ?? new Map() };
}

function typesOf(keyType: TypeDescription | undefined, type: TypeDescription | undefined): string {
  return keyType === undefined ? declaredType(type) : `map<${declaredType(keyType)}, ${declaredType(type)}>`;
}
