import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { preview } from "../../../../common/errors/preview.ts";
import { NO_TIMESTAMP } from "../../../../common/time/timestamps.ts";
import type {
  CapturedElement,
  CapturedEntry,
  CapturedState,
  StateMeta,
} from "../../../state/captured-state.ts";
import { RowBlocks, type EmitBlock } from "./row-blocks.ts";
import { emptyRow, rowCodecOf, type StateRow } from "./state-row.ts";

/** Writes the entries of one state as rows. */
export class StateRowWriter {
  readonly #meta: StateMeta;
  readonly #blocks: RowBlocks<StateRow>;
  /** Used for every row: encoded before the next one. */
  readonly #row: StateRow;

  constructor(meta: StateMeta, emit: EmitBlock) {
    this.#meta = meta;
    this.#blocks = new RowBlocks(rowCodecOf(meta), emit);
    this.#row = emptyRow(meta);
  }

  /** Writes an entry; false when it has no elements. @throws RECORD_TYPE_MISMATCH naming the state and the key */
  write(entry: CapturedEntry): boolean {
    const row = this.#row;
    row.k = entry.key;
    try {
      const { value } = entry;
      if (value.kind !== "element") return this.#writeAll(value);
      row.v = value.value;
      this.#blocks.write(row, entry.namespace ?? value.time ?? NO_TIMESTAMP);
      return true;
    } catch (error) {
      throw this.#mismatch(entry.key, error);
    }
  }

  flush(): void {
    this.#blocks.flush();
  }

  #writeAll(state: Exclude<CapturedState, CapturedElement>): boolean {
    switch (state.kind) {
      case "list":
        return this.#writeList(state.elements);
      case "map":
        return this.#writeMap(state.entries);
      case "timers": {
        let any = false;
        for (const { time, namespace } of state.timers) {
          this.#row.n = namespace;
          this.#row.v = time;
          this.#next(NO_TIMESTAMP);
          any = true;
        }
        return any;
      }
      case "namespaces": {
        let any = false;
        for (const [namespace, inner] of state.namespaces) {
          this.#row.n = namespace;
          any = this.#writeInner(inner) || any;
        }
        return any;
      }
    }
  }

  #writeInner(state: CapturedState): boolean {
    if (state.kind !== "element") return this.#writeAll(state);
    this.#row.v = state.value;
    this.#next(state.time ?? NO_TIMESTAMP);
    return true;
  }

  #writeList(elements: Iterable<CapturedElement>): boolean {
    let any = false;
    for (const { value, time } of elements) {
      this.#row.v = value;
      this.#next(time ?? NO_TIMESTAMP);
      any = true;
    }
    return any;
  }

  #writeMap(entries: Iterable<readonly [key: unknown, element: CapturedElement]>): boolean {
    let any = false;
    for (const [key, { value, time }] of entries) {
      this.#row.m = key;
      this.#row.v = value;
      this.#next(time ?? NO_TIMESTAMP);
      any = true;
    }
    return any;
  }

  /** Writes the row; those that follow continue it. */
  #next(slot: number): void {
    const row = this.#row;
    this.#blocks.write(row, slot);
    row.k = undefined;
    if (this.#meta.layout === "namespaced") row.n = null;
  }

  #mismatch(key: unknown, error: unknown): unknown {
    if (!MillraceError.is(error, "RECORD_TYPE_MISMATCH")) return error;
    const { name } = this.#meta;
    return new MillraceError(
      "RECORD_TYPE_MISMATCH",
      `state "${name}" of key ${preview(key)} can't be written: ${error.message}`,
      {
        cause: error,
        help: "State holds what its declared type says, or plain data where none is declared. Correct the value or the type, or declare a type with Types.custom for a class of your own.",
        details: { ...error.details, state: name, key: preview(key) },
      },
    );
  }
}
