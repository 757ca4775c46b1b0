import { createHash } from "node:crypto";
import { operatorUid, type OperatorUid } from "../../common/ids/ids.ts";
import type { OperatorKind } from "./operator-spec.ts";

/** What a generated uid depends on. */
export interface UidSeed {
  readonly kind: OperatorKind;
  readonly name: string;
  /** The inputs in order: whom they come from, and which of the node's inputs and of the source's outputs they join. */
  readonly inputs: readonly {
    readonly uid: OperatorUid;
    readonly input: 0 | 1;
    readonly sideOutput: string | undefined;
  }[];
}

/**
 * Gives uids to nodes that have none: 32 hex digits, a hash of what the node is and of its inputs' uids. So it stays
 * the same when nodes are added or removed elsewhere. Nodes that can't be told apart by that (two equal maps of one stream)
 * are counted in the order of recording.
 *
 * Renaming a node, or changing what stands before it up to the next explicit uid, gives another uid: operators whose state
 * must survive that carry explicit ones.
 */
export class UidGenerator {
  readonly #twins = new Map<string, number>();

  uidOf(seed: UidSeed): OperatorUid {
    const text = JSON.stringify([
      seed.kind,
      seed.name,
      seed.inputs.map(({ uid, input, sideOutput }) => [uid, input, sideOutput ?? null]),
    ]);
    const twin = this.#twins.get(text) ?? 0;
    this.#twins.set(text, twin + 1);
    return operatorUid(hexDigest(`${text}#${twin}`));
  }
}

/** The first 128 bits of the text's SHA-256 as 32 lowercase hex digits. */
export const hexDigest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 32);
