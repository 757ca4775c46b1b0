import type { OperationView } from "../dispatcher-gateway.ts";

/** What was asked for. */
export interface OperationOrder {
  /** What it is about: a job's id, or that savepoints are removed. Asked for under another, it is not found. */
  readonly subject: string;
  readonly kind: OperationView["kind"];
  /** Where a savepoint goes; what is to be removed. Absent: nobody said. */
  readonly path?: string | undefined;
  /** Of a stop: whether the input counts as ended for good. */
  readonly drain?: boolean | undefined;
}

/** An operation as it is kept. Plain JSON. */
export interface StoredOperation extends OperationOrder {
  /** 32 hex digits, of the client's choice or the cluster's. */
  readonly id: string;
  /** When it was asked for, ms since the epoch. */
  readonly at: number;
  /** What it has come to; absent: it was under way. */
  readonly result?: OperationOutcome | undefined;
  /** When it came to that. */
  readonly endedAt?: number | undefined;
}

/** What an operation has come to. */
export type OperationOutcome = Partial<Pick<OperationView, "location" | "checkpointId" | "failure">>;
