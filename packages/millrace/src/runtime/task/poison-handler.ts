import { MillraceError } from "../../common/errors/millrace-error.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import { preview } from "../../common/errors/preview.ts";
import type { Chain, ChainNode } from "./chain/chain-node.ts";

/** Skipped records of one operator that are logged one by one; later ones are only counted. */
const LOGGED = 10;

/** Applies the operators' poison-record policies within one task (correctness rule 29). */
export class PoisonHandler {
  /** Records that were skipped or dead-lettered so far. */
  skipped = 0;
  readonly #nodes: readonly ChainNode[];
  readonly #chain: () => Chain;
  readonly #log: (message: string) => void;

  constructor(nodes: readonly ChainNode[], chain: () => Chain, log: (message: string) => void) {
    this.#nodes = nodes;
    this.#chain = chain;
    this.#log = log;
  }

  /** Throws where the policy is to fail; otherwise counts the record, and dead-letters it where that is the policy. */
  handle(index: number, error: unknown, record: unknown, timestamp: number): void {
    const node = this.#nodes[index] as ChainNode;
    const { poison } = node;
    // A function that answers with promises is wrong for every record: skipping them all would hide it.
    if (MillraceError.is(error, "ASYNC_FUNCTION")) throw error;
    switch (poison.kind) {
      case "fail":
        throw error;
      case "skip":
        break;
      case "deadLetter": {
        const message = error instanceof Error ? error.message : String(error);
        const letter = { record, error: message, operator: node.name };
        this.#chain().sideOutput(index, poison.tag.id)?.record(letter, timestamp);
        break;
      }
      default:
        unreachable(poison, "poison policy");
    }
    if (++this.skipped <= LOGGED) {
      const text = error instanceof Error ? error.message : preview(error);
      const more = this.skipped === LOGGED ? " (further ones are only counted, in numRecordsSkipped)" : "";
      this.#log(`operator "${node.name}" skipped a record: ${text}\n  record: ${preview(record)}${more}`);
    }
  }
}
