import type { KeySelector, PartitionFunction } from "../../common/functions/functions.ts";
import type { Partitioner } from "./stream-graph.ts";

const simple = <K extends Partitioner["kind"]>(kind: K): Readonly<{ kind: K }> => Object.freeze({ kind });

/** What an edge gets that nobody gave a partitioner: forward, or rebalance where the parallelism changes. */
export const FORWARD: Partitioner = simple("forward");
/** Forward because the program says so: a change of parallelism is an error. */
export const EXPLICIT_FORWARD: Partitioner = Object.freeze({ kind: "forward", explicit: true });
/** In turn to all. */
export const REBALANCE: Partitioner = simple("rebalance");
/** In turn to a share. */
export const RESCALE: Partitioner = simple("rescale");
/** At random to all. */
export const SHUFFLE: Partitioner = simple("shuffle");
/** To all. */
export const BROADCAST: Partitioner = simple("broadcast");
/** To the first. */
export const GLOBAL: Partitioner = simple("global");

/** By the key group of the key. */
export const hashBy = (keySelector: KeySelector<unknown, unknown>): Partitioner =>
  Object.freeze({ kind: "hash", keySelector });

/** By the user's function of the key. */
export const customBy = (
  keySelector: KeySelector<unknown, unknown>,
  partition: PartitionFunction<unknown>,
): Partitioner => Object.freeze({ kind: "custom", keySelector, partition });
