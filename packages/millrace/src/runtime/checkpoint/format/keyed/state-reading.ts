import type { FrameCodec } from "../../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { preview } from "../../../../common/errors/preview.ts";
import type { OperatorUid } from "../../../../common/ids/ids.ts";
import type { TypeDescription } from "../../../../common/types/type-description.ts";
import type { TypeInfo } from "../../../../common/types/type-info.ts";
import type { CapturedEntry, StateMeta } from "../../../state/captured-state.ts";
import type { StateHeader } from "../keyed-part.ts";
import { checkEntries } from "./check-entries.ts";
import { gatherEntries } from "./gather-entries.ts";
import type { CheckedBlock } from "./part-blocks.ts";
import { RowReader } from "./row-reader.ts";
import { stateMetaOf } from "./state-header.ts";
import { declaredType, needsCheck, stateMigration } from "./state-migration.ts";
import { createRowCodec, rowCodecOf, type StateRow } from "./state-row.ts";

/** From so many rows on, compiling code for them pays. */
const ROWS_WORTH_CODE = 500;

/** How a stored state is read as its program declares it today, or without one. */
export class StateReading {
  readonly #operator: OperatorUid;
  readonly #header: StateHeader;
  readonly #as: StateMeta | undefined;
  readonly #codec: FrameCodec<StateRow>;
  /** Types that were not declared when the state was written: every value has to fit. */
  readonly #keysToCheck: TypeInfo<unknown> | undefined;
  readonly #valuesToCheck: TypeInfo<unknown> | undefined;

  /**
   * @param rows about how many there are
   * @throws RESTORE_REFUSED when the types don't fit
   */
  constructor(operator: OperatorUid, header: StateHeader, as: StateMeta | undefined, rows: number) {
    this.#operator = operator;
    this.#header = header;
    this.#as = as;
    this.#codec = this.#makeCodec(rows >= ROWS_WORTH_CODE);
    this.#keysToCheck = toCheck(header.keyType, as?.keyType);
    this.#valuesToCheck = toCheck(header.type, as?.type);
  }

  /** The entries in these blocks. `state` is the index that they get. */
  entries(blocks: Iterable<CheckedBlock>, state: number): Iterable<CapturedEntry> {
    const rows = new RowReader(blocks, this.#codec, (error, block) => this.#explain(error, block));
    const entries = gatherEntries(rows, this.#header, state);
    if (this.#keysToCheck === undefined && this.#valuesToCheck === undefined) return entries;
    return checkEntries(entries, this.#keysToCheck, this.#valuesToCheck, (key, issue) =>
      this.#refused({ path: issue.path, reason: issue.message }, { where: `key ${preview(key)}` }),
    );
  }

  #makeCodec(generate: boolean): FrameCodec<StateRow> {
    const header = this.#header;
    const as = this.#as;
    const opaque = stateMetaOf(header);
    if (as === undefined) return createRowCodec(opaque, generate);
    const migration = stateMigration(header, as);
    if (migration.kind === "incompatible") throw this.#refused(migration, migration);
    if (migration.kind === "same" && declaresSame(header, as)) return rowCodecOf(as);
    // Values of every type that migrates are read by what was stored, with the custom types' functions of today.
    const type = withCustoms(header.type, as.type);
    const keyType = withCustoms(header.keyType, as.keyType);
    return createRowCodec({ ...opaque, type, keyType }, generate);
  }

  #explain(error: unknown, block: CheckedBlock): unknown {
    if (!MillraceError.is(error, "CODEC_CORRUPT")) return error;
    const { type, keyType } = this.#as ?? { type: undefined, keyType: undefined };
    const customs = (type?.customs.size ?? 0) + (keyType?.customs.size ?? 0);
    // The bytes are those that were written: what a codec of the program can't read, it has not written.
    if (customs > 0 && error.cause !== undefined)
      return this.#refused(
        { path: "", reason: `the codec of a custom type failed: ${error.message}` },
        { cause: error.cause },
      );
    return block.damaged(error.message, error);
  }

  #refused({ path, reason }: ValueProblem, about: Refusal): MillraceError {
    const { name, keyType, type } = this.#header;
    const from = about.from ?? typesOf(keyType, type);
    const to = about.to ?? typesOf(this.#as?.keyType?.description, this.#as?.type?.description);
    const where = [about.where ?? "", path].filter((part) => part !== "").map((part) => `${part}: `);
    return new MillraceError(
      "RESTORE_REFUSED",
      `state "${name}" of operator ${this.#operator} can't be restored: ${where.join("")}${reason}`,
      {
        cause: about.cause,
        help: `It was written as ${from}, and is declared as ${to} now. Go back to that, or give the state another name, with which it starts empty. What may change: optional fields are added, fields become optional, int becomes double, null and members of unions are added.`,
        details: { operator: this.#operator, state: name, path, from, to },
      },
    );
  }
}

/** What does not fit, and why. */
interface ValueProblem {
  readonly path: string;
  readonly reason: string;
}

/** What else is known of it. */
interface Refusal {
  readonly from?: string;
  readonly to?: string;
  readonly where?: string;
  readonly cause?: unknown;
}

/** Whether rows are written alike. A type that is declared as any is not the same as none. */
function declaresSame(header: StateHeader, as: StateMeta): boolean {
  return (
    (header.type === undefined) === (as.type === undefined) &&
    (header.keyType === undefined) === (as.keyType === undefined)
  );
}

function toCheck(
  stored: TypeDescription | undefined,
  now: TypeInfo<unknown> | undefined,
): TypeInfo<unknown> | undefined {
  return needsCheck(stored, now?.description) ? now : undefined;
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
