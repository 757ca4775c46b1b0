import type { ByteInput } from "../../common/connector/source.ts";
import type { ExecutionId } from "../../common/ids/ids.ts";
import type { FromSlot } from "../../protocol/control/messages.ts";

/** Chunks of standard input that are asked for ahead. */
const CHUNKS_AHEAD = 2;

/** A slot's share of standard input and output: credit accounting on the slot's side. */
export class SlotStreams {
  readonly #send: (message: FromSlot) => void;
  readonly #inputs = new Map<ExecutionId, StdinInput>();
  #sent = 0;
  #taken = 0;

  constructor(send: (message: FromSlot) => void) {
    this.#send = send;
  }

  /** Bytes of output that the main thread has not written yet. */
  get backlog(): number {
    return this.#sent - this.#taken;
  }

  write(bytes: Uint8Array, stream: "stdout" | "stderr"): void {
    this.#sent += bytes.byteLength;
    this.#send({ type: "stdout", stream, bytes });
  }

  taken(bytes: number): void {
    this.#taken = bytes;
  }

  openStdin(execution: ExecutionId): ByteInput {
    const input = new StdinInput(() => this.#send({ type: "stdinRequest", execution }));
    this.#inputs.set(execution, input);
    return input;
  }

  /** A chunk has come for a task; null at the end of input. */
  chunk(execution: ExecutionId, chunk: Uint8Array | null): void {
    this.#inputs.get(execution)?.arrived(chunk);
  }
}

/** Standard input as one task reads it. */
class StdinInput implements ByteInput {
  readonly #request: () => void;
  readonly #chunks: Uint8Array[] = [];
  #underway = 0;
  #ended = false;
  #closed = false;
  #callback: (() => void) | undefined;

  constructor(request: () => void) {
    this.#request = request;
  }

  read(): Uint8Array | undefined | null {
    const chunk = this.#chunks.shift();
    if (!this.#ended && !this.#closed && this.#underway + this.#chunks.length < CHUNKS_AHEAD) {
      this.#underway++;
      this.#request();
    }
    return chunk ?? (this.#ended ? null : undefined);
  }

  onReadable(callback: () => void): void {
    this.#callback = callback;
  }

  arrived(chunk: Uint8Array | null): void {
    this.#underway--;
    if (chunk === null) this.#ended = true;
    else this.#chunks.push(chunk);
    if (!this.#closed) this.#callback?.();
  }

  close(): void {
    this.#closed = true;
    this.#chunks.length = 0;
  }
}
