import type { TypeDescription } from "../../common/types/type-description.ts";
import type { StateLayout } from "../../runtime/state/captured-state.ts";

/*
 * What a savepoint or checkpoint holds, as plain data: what `millrace savepoint inspect --json` prints. Times are ms since the epoch, sizes
 * bytes; what there is not is null.
 */

export interface SavepointDescription {
  /** Its folder, absolute. */
  readonly path: string;
  readonly kind: "checkpoint" | "savepoint";
  /** How its job went on: "no", it did; "stop", it was stopped with it; "drain", its input was ended as well. */
  readonly stop: "no" | "stop" | "drain";
  readonly format: number;
  /** What wrote it, e.g. "millrace 0.1.0". */
  readonly writer: string;
  readonly jobId: string;
  readonly job: string;
  readonly checkpointId: number;
  readonly triggeredAt: number;
  readonly completedAt: number;
  readonly keyHashVersion: number;
  /** Of all state. */
  readonly bytes: number;
  /** Files besides `_metadata`. */
  readonly files: number;
  /** Records that an unaligned checkpoint overtook. */
  readonly inFlight: InFlightDescription | null;
  readonly operators: readonly OperatorDescription[];
}

export interface InFlightDescription {
  readonly channels: number;
  readonly records: number;
  readonly bytes: number;
}

export interface OperatorDescription {
  readonly name: string;
  readonly uid: string;
  /** Whether the program gave the uid. */
  readonly uidExplicit: boolean;
  readonly kind: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Settings that the state depends on. */
  readonly settings: Readonly<Record<string, string>>;
  /** Subtasks that had nothing more to do. */
  readonly finished: number;
  /** Of a source: the splits that its readers held. What its enumerator held back is in its own state, `coordinatorBytes`. */
  readonly splits: number | null;
  readonly coordinatorBytes: number | null;
  /** The backend whose own files hold keyed state; null for the canonical form. */
  readonly nativeBackend: string | null;
  /** What kinds of values the keys are: "string". */
  readonly keyKinds: readonly string[];
  readonly bytes: number;
  readonly states: readonly StateDescription[];
}

export interface StateDescription {
  readonly name: string;
  /** By key, or of the operator as a whole. */
  readonly scope: "keyed" | "operator";
  /** "value", "list", "map" ...; "windows" for tables; "timers". */
  readonly kind: string;
  /** Of keyed states. */
  readonly layout: StateLayout | null;
  /** Of operator states: "split", "union", "broadcast". */
  readonly mode: string | null;
  readonly ttl: boolean;
  /** Declared types of a map's keys, and of values. */
  readonly keyType: TypeDescription | null;
  readonly type: TypeDescription | null;
  /** Elements: a list or map of a key has several. null where only their backend could count them. */
  readonly rows: number | null;
  /** Whether `rows` is exact; otherwise rows that were replaced or removed since are counted, too. */
  readonly rowsExact: boolean;
  readonly bytes: number | null;
  /** Key groups with rows, of keyed states. */
  readonly keyGroups: number | null;
}
