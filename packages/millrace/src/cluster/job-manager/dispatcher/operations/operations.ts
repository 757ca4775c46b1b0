import type { Clock } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { hexDigits } from "../../../../runtime/checkpoint/storage/unique-name.ts";
import type { Log } from "../../../logging/log.ts";
import type { OperationView } from "../dispatcher-gateway.ts";
import type { OperationStore } from "../store/operation-store.ts";
import type { OperationOrder, OperationOutcome, StoredOperation } from "./stored-operation.ts";

/** What an operation that has not failed has come to. */
export type OperationResult = Pick<OperationOutcome, "location" | "checkpointId">;

/** What operations are kept with. */
export interface OperationsOptions {
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** How long a result is kept, ms. */
  readonly expiration: number;
  readonly store: OperationStore;
  readonly log: Log;
}

interface Operation {
  stored: StoredOperation;
  /** Settles when it is recorded, and has begun. */
  readonly begun: Promise<void>;
  /** Monotonic ms; undefined while it goes on. */
  until: number | undefined;
}

const ID_BYTES = 16;
/** Of more results than so many the oldest are forgotten. */
const MAX_KEPT = 1000;

/**
 * Operations that take longer than a request: each has an id, by which its result can be asked for until it expires. With high availability
 * they outlive the JobManager: the next one knows the results, and finds out what became of those that were under way.
 */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #operations = new Map<string, Operation>();
  #left = false;

  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  /**
   * Takes over what an earlier JobManager has left. Those that were under way stay so until that is found out.
   *
   * @param findOut what has become of one; it throws what is to be told of it as its failure
   */
  recover(findOut: (operation: StoredOperation) => Promise<OperationResult>): void {
    const { store, clock, expiration } = this.#options;
    for (const stored of store.recovered()) {
      const operation: Operation = { stored, begun: Promise.resolve(), until: undefined };
      this.#operations.set(stored.id, operation);
      if (stored.endedAt === undefined) void this.#run(operation, () => findOut(stored));
      else {
        const left = Math.min(expiration, expiration - (clock.now() - stored.endedAt));
        operation.until = clock.monotonic() + left;
      }
    }
    this.#forget();
  }

  /**
   * Records it, then begins it.
   *
   * @param chosen an id of the client's choice: the same once more begins nothing, and answers the same. Default: one is made
   * @returns its id
   * @throws CONFLICT for an id that stands for something else; FENCED, CHECKPOINT_STORAGE_FAILED: then nothing was begun
   */
  async begin(order: OperationOrder, work: () => Promise<OperationResult>, chosen?: string): Promise<string> {
    this.#forget();
    const known = this.#known(order, chosen);
    if (known !== undefined) {
      await known.begun;
      return known.stored.id;
    }
    const id = chosen ?? hexDigits(this.#options.randomBytes(ID_BYTES));
    const stored: StoredOperation = { ...order, id, at: this.#options.clock.now() };
    const operation: Operation = { stored, begun: this.#options.store.put(stored), until: undefined };
    this.#operations.set(id, operation);
    try {
      await operation.begun;
    } catch (error) {
      this.#operations.delete(id);
      throw error;
    }
    void this.#run(operation, work);
    return id;
  }

  /** Whether this was begun under that id before. Settles when it has begun. @throws as `begin` */
  async repeated(order: OperationOrder, chosen: string | undefined): Promise<boolean> {
    const known = this.#known(order, chosen);
    await known?.begun;
    return known !== undefined;
  }

  has(subject: string, id: string): boolean {
    return this.#operations.get(id)?.stored.subject === subject;
  }

  /** @throws NOT_FOUND */
  get(subject: string, id: string): OperationView {
    this.#forget();
    const operation = this.#operations.get(id);
    if (operation?.stored.subject === subject) return viewOf(operation);
    throw new MillraceError("NOT_FOUND", `no operation ${id} of ${subject} is known`, {
      help: "Results are kept for rest.async.store-duration; beyond the JobManager with high availability only.",
    });
  }

  /** What fails from now on fails because this JobManager ends: what became of it is for the next one to find out. */
  leave(): void {
    this.#left = true;
  }

  #known(order: OperationOrder, chosen: string | undefined): Operation | undefined {
    const known = chosen === undefined ? undefined : this.#operations.get(chosen);
    if (known === undefined || same(known.stored, order)) return known;
    throw new MillraceError(
      "CONFLICT",
      `the trigger id ${chosen} stands for something else: choose another one`,
    );
  }

  /** Never rejects. */
  async #run(operation: Operation, work: () => Promise<OperationResult>): Promise<void> {
    const { clock, store, log, expiration } = this.#options;
    let result: OperationOutcome;
    try {
      result = await work();
    } catch (error) {
      if (this.#left) return;
      result = { failure: failureOf(error) };
    }
    const ended = { ...operation.stored, result, endedAt: clock.now() };
    try {
      // Nobody is told what the next JobManager would not say, too.
      await store.put(ended);
    } catch (error) {
      log("error", `what ${ended.kind} ${ended.id} has come to can't be recorded`, error);
    }
    operation.stored = ended;
    operation.until = clock.monotonic() + expiration;
  }

  #forget(): void {
    const now = this.#options.clock.monotonic();
    let surplus = this.#operations.size - MAX_KEPT;
    for (const [id, { until }] of this.#operations) {
      if (until === undefined || (until > now && surplus-- <= 0)) continue;
      this.#operations.delete(id);
      this.#options.store.remove(id).catch((error: unknown) => {
        this.#options.log("warn", `operation ${id} can't be forgotten`, error);
      });
    }
  }
}

const same = (a: OperationOrder, b: OperationOrder): boolean =>
  a.subject === b.subject && a.kind === b.kind && (a.drain ?? false) === (b.drain ?? false);

function viewOf({ stored: { kind, result = {} }, until }: Operation): OperationView {
  const { location, checkpointId, failure } = result;
  return { kind, status: until === undefined ? "IN_PROGRESS" : "COMPLETED", location, checkpointId, failure };
}

function failureOf(error: unknown): NonNullable<OperationView["failure"]> {
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  const known = MillraceError.is(error) ? error : undefined;
  return {
    code: known?.code ?? "INTERNAL",
    message,
    stack: stack ?? message,
    ...(known?.help === undefined ? {} : { help: known.help }),
  };
}
