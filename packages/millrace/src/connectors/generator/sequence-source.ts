import type { Source } from "../../common/connector/source.ts";
import { requireOption } from "../base/options.ts";
import type { StaticEnumeratorState } from "../base/static-enumerator.ts";
import { generatorSource } from "./generator-source.ts";
import type { IndexSplit } from "./index-split.ts";

/**
 * The whole numbers from `from` to `to`, both included. Bounded, split by parallelism, exactly-once.
 *
 * @throws MillraceError INVALID_OPTION when they are not safe integers or `to` is below `from`
 * @example
 * ```ts
 * env.fromSource(sequenceSource(1, 1_000_000), WatermarkStrategy.noWatermarks(), "numbers")
 * ```
 */
export function sequenceSource(
  from: number,
  to: number,
): Source<number, IndexSplit, StaticEnumeratorState<IndexSplit>> {
  requireOption(Number.isSafeInteger(from), "sequence source", "from", "a safe integer", from);
  requireOption(
    Number.isSafeInteger(to) && to >= from,
    "sequence source",
    "to",
    `a safe integer from ${from} up`,
    to,
  );
  const source = generatorSource({ count: to - from + 1, generate: (index) => from + index });
  return { ...source, name: "sequence source", input: { from: String(from), to: String(to) } };
}
