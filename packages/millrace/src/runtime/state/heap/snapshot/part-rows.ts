import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { GroupedPartWriter } from "../../../checkpoint/format/keyed-part.ts";
import type { CapturedEntry, CapturedState } from "../../captured-state.ts";

/** Where rows of a snapshot go: from the one who writes it in slices, and before that from whoever is about to change an entry. */
export class PartRows {
  /** What could not be written when an entry was about to change: the snapshot has failed, the record that changes it has not. */
  failure: Error | undefined = undefined;
  readonly #open: () => GroupedPartWriter;
  readonly #changes: boolean;
  #writer: GroupedPartWriter | undefined;
  /** Used for every entry: encoded before the next one. */
  readonly #entry: {
    key: unknown;
    state: number;
    namespace: number | undefined;
    value: CapturedState;
  } = { key: undefined, state: 0, namespace: undefined, value: { kind: "list", elements: [] } };

  /**
   * @param open makes the writer, when the first row comes
   * @param changes whether only changes are written, so that what is past its time must be removed
   */
  constructor(open: () => GroupedPartWriter, changes: boolean) {
    this.#open = open;
    this.#changes = changes;
  }

  get writer(): GroupedPartWriter {
    return (this.#writer ??= this.#open());
  }

  /** The writer, if there is one. */
  get opened(): GroupedPartWriter | undefined {
    return this.#writer;
  }

  /** @param value undefined: nothing is left of it @throws RECORD_TYPE_MISMATCH */
  put(
    keyGroup: number,
    state: number,
    namespace: number | undefined,
    key: unknown,
    value: CapturedState | undefined,
    continued = false,
  ): void {
    if (value === undefined) {
      // What the base holds is older still, but must not come back under a longer time to live.
      if (this.#changes) this.writer.removed(keyGroup, state, key, namespace);
      return;
    }
    const entry = this.#entry;
    entry.key = key;
    entry.state = state;
    entry.namespace = namespace;
    entry.value = value;
    this.writer.entry(keyGroup, entry satisfies CapturedEntry, continued);
  }

  /** As `put`, in the middle of a record, which must not fail of it. */
  putBeforeChange(
    keyGroup: number,
    state: number,
    namespace: number | undefined,
    key: unknown,
    value: CapturedState | undefined,
  ): void {
    if (this.failure !== undefined) return;
    try {
      this.put(keyGroup, state, namespace, key, value);
    } catch (error) {
      this.failure = error instanceof Error ? error : new MillraceError("INTERNAL", String(error));
    }
  }
}
