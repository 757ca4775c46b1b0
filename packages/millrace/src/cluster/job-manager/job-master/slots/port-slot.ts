import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { SlotConnection } from "../../../../protocol/control/control-transport.ts";
import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { FromSlot, ToSlot } from "../../../../protocol/control/messages.ts";
import type { FromJobMaster } from "../../../../protocol/cluster/job-master-messages.ts";
import { MAX_MESSAGE_BYTES } from "../../../../protocol/cluster/connection.ts";
import { encodeMessage } from "../../../../protocol/cluster/slot-message-codec.ts";

/** A slot of a TaskManager as its JobMaster sees it: messages are bytes to everybody between the two. */
export class PortSlot implements SlotConnection {
  onMessage: ((message: FromSlot) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  readonly #allocation: number;
  readonly #post: (message: FromJobMaster, transfer?: readonly ArrayBuffer[]) => void;
  readonly #gone = Promise.withResolvers<void>();
  #closed = false;
  #isGone = false;

  constructor(allocation: number, post: (message: FromJobMaster, transfer?: readonly ArrayBuffer[]) => void) {
    this.#allocation = allocation;
    this.#post = post;
  }

  /** @throws RECORD_TYPE_MISMATCH naming the path of what can't go to another process, RECORD_TOO_LARGE */
  send(message: ToSlot): void {
    if (this.#isGone || this.#closed) return;
    const bytes = encoded(message);
    checkSize(message, bytes);
    const { buffer, byteLength } = bytes;
    const whole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
    this.#post({ type: "slotMessage", allocation: this.#allocation, bytes }, whole);
  }

  async close(): Promise<void> {
    if (!this.#closed && !this.#isGone) {
      this.#closed = true;
      this.#post({ type: "closeSlot", allocation: this.#allocation });
    }
    return this.#gone.promise;
  }

  /** Its thread has ended, or its TaskManager is lost. */
  isGone(error: Error | undefined): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#gone.resolve();
    if (!this.#closed) this.onClose?.(error);
  }

  receive(message: FromSlot): void {
    if (!this.#closed && !this.#isGone) this.onMessage?.(message);
  }

  /** It says what nobody understands. */
  broken(error: Error): void {
    this.receive({ type: "slotFailed", error: toEnvelope(error) });
  }
}

/** What is sent on behalf of user code is named: a split or event can be anything that its author likes. */
function encoded(message: ToSlot): Uint8Array {
  try {
    return encodeMessage(message);
  } catch (error) {
    const what = WHAT[message.type];
    if (what === undefined || !(error instanceof Error)) throw error;
    throw new MillraceError(
      MillraceError.is(error) ? error.code : "RECORD_TYPE_MISMATCH",
      `${what} can't be sent to another process: ${error.message}`,
      {
        cause: error,
        help: "Splits, source events, arguments and captured values are plain data: objects, arrays, numbers, texts, dates, maps, sets and bytes.",
      },
    );
  }
}

/** The main thread could not send it, and would only close the slot. */
function checkSize({ type }: ToSlot, { byteLength }: Uint8Array): void {
  if (byteLength <= MAX_MESSAGE_BYTES) return;
  throw new MillraceError(
    "RECORD_TOO_LARGE",
    `${WHAT[type] ?? `a message (${type})`} has ${byteLength} bytes; ${MAX_MESSAGE_BYTES} can go to a TaskManager at once`,
    {
      help: "State that checkpoints keep in memory travels with the deployment: set execution.checkpointing.dir. Large arguments and captured values belong into files.",
    },
  );
}

const WHAT: Readonly<Partial<Record<ToSlot["type"], string>>> = {
  addSplits: "a split",
  sourceEvent: "an event of a source",
  deploy: "the deployment of tasks (arguments, captured values, settings, splits, state in memory)",
};
