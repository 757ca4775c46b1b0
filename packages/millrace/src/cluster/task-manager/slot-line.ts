import type { MessagePort } from "node:worker_threads";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { MAX_MESSAGE_BYTES } from "../../protocol/cluster/connection.ts";
import { decodeMessage, encodeMessage } from "../../protocol/cluster/slot-message-codec.ts";
import type { MasterConnection } from "../../protocol/control/control-transport.ts";
import type { SlotDeployment } from "../../protocol/control/deployment.ts";
import { toEnvelope } from "../../protocol/control/error-envelope.ts";
import type { FromSlot, ToSlot } from "../../protocol/control/messages.ts";
import type { OutputCredit } from "./output-credit.ts";
import type { FromWorker, RemoteSlot } from "./worker-protocol.ts";

/**
 * A slot's line to its JobMaster, in the slot's thread: to the main thread as objects, or, once the slot was opened for a JobMaster in
 * another process, through it as bytes. Then the main thread itself takes what the slot prints, and gives credit for more.
 */
export class SlotLine implements MasterConnection {
  onMessage: ((message: ToSlot) => void) | undefined;
  readonly #port: MessagePort;
  readonly #credit: OutputCredit;
  #remote: RemoteSlot | undefined;

  constructor(port: MessagePort, credit: OutputCredit) {
    this.#port = port;
    this.#credit = credit;
  }

  send(message: FromSlot): void {
    if (message.type === "stdout") this.#credit.sent(message.bytes.byteLength);
    if (this.#remote === undefined) this.#port.postMessage(message);
    else if (message.type === "stdout") this.#post("output", message.bytes);
    else this.#post("bytes", fitting(message));
  }

  /** The JobMaster is in another process. */
  open(remote: RemoteSlot): void {
    this.#remote = remote;
  }

  /** A message of the JobMaster has come as bytes. */
  receive(bytes: Uint8Array): void {
    const message = decodeMessage<ToSlot>(bytes);
    this.onMessage?.(
      message.type === "deploy" ? { ...message, deployment: this.#localize(message.deployment) } : message,
    );
  }

  /** A deployment from elsewhere names the program by its hash, and knows nothing of this process's memory. */
  #localize(deployment: SlotDeployment): SlotDeployment {
    const remote = this.#remote;
    const { program } = deployment;
    if (remote === undefined || program.kind !== "artifact" || program.sha256 !== remote.sha256) {
      const got =
        program.kind === "artifact" ? `artifact ${program.sha256}` : `a program of kind ${program.kind}`;
      throw new MillraceError(
        "PROTOCOL_VIOLATION",
        `the slot was opened for artifact ${remote?.sha256}, its deployment names ${got}`,
      );
    }
    return {
      ...deployment,
      program: { kind: "module", url: remote.artifactUrl, originalUrl: program.originalUrl },
      rings: remote.exchange,
    };
  }

  #post(type: "bytes" | "output", bytes: Uint8Array): void {
    // A view of a larger buffer would take all of it along.
    const own = new Uint8Array(bytes);
    this.#port.postMessage({ type, bytes: own } satisfies FromWorker, [own.buffer]);
  }
}

/** A message as bytes. A snapshot that can't travel is one that could not be taken: the task goes on, and says why. */
function fitting(message: FromSlot): Uint8Array {
  const bytes = encodeMessage(message);
  if (bytes.byteLength <= MAX_MESSAGE_BYTES || message.type !== "checkpointAcknowledged") return bytes;
  const { execution, checkpointId } = message;
  const error = new MillraceError(
    "RECORD_TOO_LARGE",
    `the state that goes to the JobManager in memory has ${bytes.byteLength} bytes; a message may have ${MAX_MESSAGE_BYTES}`,
    { help: "Set execution.checkpointing.dir: then state goes into files." },
  );
  return encodeMessage({
    type: "checkpointDeclined",
    execution,
    checkpointId,
    error: toEnvelope(error),
  } satisfies FromSlot);
}
