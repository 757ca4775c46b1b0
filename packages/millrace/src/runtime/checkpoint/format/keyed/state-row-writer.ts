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
  /** Whether the entry that the last call wrote, or went on with, has rows. */
  #begun = false;
  /** The namespace of its last row. */
  #namespace: string | undefined;

  /** @param blockSize as of RowBlocks */
  constructor(meta: StateMeta, emit: EmitBlock, blockSize?: number) {
    this.#meta = meta;
    this.#blocks = new RowBlocks(rowCodecOf(meta), emit, blockSize);
    this.#row = emptyRow(meta);
  }

  /**
   * Writes an entry, or goes on with the one before; false when it has no elements so far.
   *
   * @throws RECORD_TYPE_MISMATCH naming the state and the key
   */
  write(entry: CapturedEntry, continued: boolean): boolean {
    const row = this.#row;
    this.#begun = continued && this.#begun;
    row.k = this.#begun ? undefined : entry.key;
    try {
      const { value } = entry;
      if (value.kind !== "element") {
        this.#writeAll(value);
        return this.#begun;
      }
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

  #writeAll(state: Exclude<CapturedState, CapturedElement>): void {
    switch (state.kind) {
      case "list":
        for (const element of state.elements) this.#writeElement(element);
        return;
      case "map":
        for (const [key, element] of state.entries) {
          this.#row.m = key;
          this.#writeElement(element);
        }
        return;
      case "timers":
        for (const { time, namespace } of state.timers) {
          this.#row.n = namespace;
          this.#row.v = time;
          this.#next(NO_TIMESTAMP);
        }
        return;
      case "namespaces":
        for (const [namespace, inner] of state.namespaces) this.#writeNamespace(namespace, inner);
    }
  }

  #writeNamespace(namespace: string, state: CapturedState): void {
    const goesOn = this.#begun && namespace === this.#namespace;
    this.#row.n = goesOn ? null : namespace;
    if (state.kind === "element") this.#writeElement(state);
    else this.#writeAll(state);
    // Null where a row was written.
    if (this.#row.n === null) this.#namespace = namespace;
  }

  #writeElement({ value, time }: CapturedElement): void {
    this.#row.v = value;
    this.#next(time ?? NO_TIMESTAMP);
  }

  /** Writes the row; those that follow continue it. */
  #next(slot: number): void {
    const row = this.#row;
    this.#blocks.write(row, slot);
    this.#begun = true;
    row.k = undefined;
    if (this.#meta.layout === "namespaced") row.n = null;
  }

  #mismatch(key: unknown, error: unknown): unknown {
    if (!MillraceError.is(error, "RECORD_TYPE_MISMATCH")) return error;
    const { name } = this.#meta;
    // Operator state has one entry, which has no key.
    const where = key === null ? "" : ` of key ${preview(key)}`;
    return new MillraceError(
      "RECORD_TYPE_MISMATCH",
      `state "${name}"${where} can't be written: ${error.message}`,
      {
        cause: error,
        help: "State holds what its declared type says, or plain data where none is declared. Correct the value or the type, or declare a type with Types.custom for a class of your own.",
        details: { ...error.details, state: name, key: preview(key) },
      },
    );
  }
}
