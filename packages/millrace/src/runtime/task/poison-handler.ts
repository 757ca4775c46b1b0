import type { MalformedRecord } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import type { Chain, ChainNode } from "./chain/chain-node.ts";

/** Skipped records of one task that are logged one by one; later ones are only counted. */
const LOGGED = 10;
/** The most characters of a stack that a dead letter carries. */
const MAX_STACK = 4000;

/** What a poison handler is made of. */
export interface PoisonHandlerOptions {
  readonly nodes: readonly ChainNode[];
  readonly subtask: number;
  chain(): Chain;
  log(message: string): void;
}

/** Applies the operators' poison-record policies within one task (correctness rule 29). */
export class PoisonHandler {
  /** Records that were skipped or dead-lettered so far. */
  skipped = 0;
  readonly #options: PoisonHandlerOptions;
  #noted = 0;

  constructor(options: PoisonHandlerOptions) {
    this.#options = options;
  }

  /** Throws where the policy is to fail; otherwise counts the record, and dead-letters it where that is the policy. */
  handle(index: number, error: unknown, record: unknown, timestamp: number): void {
    const node = this.#options.nodes[index] as ChainNode;
    const { poison } = node;
    // A function that answers with promises is wrong for every record: skipping them all would hide it.
    if (MillraceError.is(error, "ASYNC_FUNCTION")) throw error;
    switch (poison.kind) {
      case "fail":
        throw error;
      case "skip":
        this.skipped++;
        return this.#note(node, error, record);
      case "deadLetter": {
        this.skipped++;
        const output = this.#options.chain().sideOutput(index, poison.tag.id);
        if (output === undefined) return this.#note(node, error, record);
        return output.record(this.#letter(node, error, record, timestamp), timestamp);
      }
      default:
        unreachable(poison, "poison policy");
    }
  }

  /** Logs the first few records that are lost to everybody. */
  #note(node: ChainNode, error: unknown, record: unknown): void {
    if (++this.#noted > LOGGED) return;
    const text = error instanceof Error ? error.message : preview(error);
    const more = this.#noted === LOGGED ? " (further ones are only counted, in numRecordsSkipped)" : "";
    this.#options.log(
      `operator "${node.name}" skipped a record: ${text}\n  record: ${preview(record)}${more}`,
    );
  }

  /** The fields of the API's DeadLetter. */
  #letter(
    node: ChainNode,
    error: unknown,
    record: unknown,
    timestamp: number,
  ): Readonly<Record<string, unknown>> {
    const malformed = node.spec.kind === "source" ? (record as MalformedRecord) : undefined;
    const stack = error instanceof Error ? error.stack : undefined;
    return {
      record: malformed === undefined ? record : malformed.raw,
      timestamp: Number.isFinite(timestamp) ? timestamp : null,
      error:
        malformed === undefined
          ? error instanceof Error
            ? error.message
            : preview(error)
          : malformed.message,
      stack: stack?.slice(0, MAX_STACK) ?? null,
      operator: node.name,
      uid: node.uid,
      subtask: this.#options.subtask,
      location: malformed?.location ?? null,
    };
  }
}
