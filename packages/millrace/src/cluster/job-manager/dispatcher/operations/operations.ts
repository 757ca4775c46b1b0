import type { Clock } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { hexDigits } from "../../../../runtime/checkpoint/storage/unique-name.ts";
import type { OperationView } from "../dispatcher-gateway.ts";

/** What an operation has come to. */
export type OperationResult = Partial<Pick<OperationView, "location" | "checkpointId">>;

interface Operation {
  readonly subject: string;
  view: OperationView;
  /** Monotonic ms; undefined while it goes on. */
  until: number | undefined;
}

const ID_BYTES = 16;

/** Operations that take longer than a request: each has an id, by which its result can be asked for until it expires. */
export class Operations {
  readonly #clock: Clock;
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #expiration: number;
  readonly #operations = new Map<string, Operation>();

  /** @param expiration ms for which a result is kept */
  constructor(clock: Clock, randomBytes: (count: number) => Uint8Array, expiration: number) {
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    this.#expiration = expiration;
  }

  /** @param subject what it is about: asked for under another, it is not found @returns its id */
  begin(subject: string, kind: OperationView["kind"], work: () => Promise<OperationResult>): string {
    this.#forget();
    const id = hexDigits(this.#randomBytes(ID_BYTES));
    const operation: Operation = {
      subject,
      view: { kind, status: "IN_PROGRESS", location: undefined, checkpointId: undefined, failure: undefined },
      until: undefined,
    };
    this.#operations.set(id, operation);
    void this.#run(operation, work);
    return id;
  }

  /** @throws NOT_FOUND */
  get(subject: string, id: string): OperationView {
    this.#forget();
    const operation = this.#operations.get(id);
    if (operation?.subject === subject) return operation.view;
    throw new MillraceError("NOT_FOUND", `no operation ${id} of ${subject} is known`, {
      help: "Results are kept for rest.async.store-duration, and not beyond the JobManager.",
    });
  }

  async #run(operation: Operation, work: () => Promise<OperationResult>): Promise<void> {
    const completed = { ...operation.view, status: "COMPLETED" } as const;
    try {
      operation.view = { ...completed, ...(await work()) };
    } catch (error) {
      const { message, stack } =
        error instanceof Error ? error : { message: String(error), stack: undefined };
      const code = MillraceError.is(error) ? error.code : "INTERNAL";
      operation.view = { ...completed, failure: { code, message, stack: stack ?? message } };
    }
    operation.until = this.#clock.monotonic() + this.#expiration;
  }

  #forget(): void {
    const now = this.#clock.monotonic();
    for (const [id, { until }] of this.#operations)
      if (until !== undefined && until <= now) this.#operations.delete(id);
  }
}
