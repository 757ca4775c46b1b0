import { existsSync } from "node:fs";
import {
  arg,
  fileSink,
  generatorSource,
  job,
  mapState,
  perSubtask,
  Types,
  WatermarkStrategy,
} from "millrace";
import { heldSource } from "../../testing/held-source.ts";
import { LAST, Packs, Shares } from "../../recovery/testing/packs.ts";

/**
 * Operator state of each kind: packs of numbers that are not full as list and as union list state, and counts of all numbers as broadcast
 * state. Whatever happens to the processes that run it, each number comes out of both kinds of packs once, and each subtask's broadcast
 * state has counted all of them. It gives some numbers, then a few now and then, until the file `hurry` is there.
 */
export default job(
  import.meta,
  "shared state",
  { args: { count: arg.int(), output: arg.path(), hurry: arg.path(), atMost: arg.int() } },
  (env, { count, output, hurry, atMost }) => {
    // A broadcast stream has one order for all subtasks only where one task sends it.
    const numbers = env
      .fromSource(
        heldSource(generatorSource({ count: count + 1, generate: (i) => (i === count ? LAST : i) }), {
          holds: () => !existsSync(hurry),
          first: () => atMost,
          rate: () => 500,
        }),
        WatermarkStrategy.noWatermarks<number>(),
        "numbers",
      )
      .setParallelism(1)
      .uid("numbers");
    const all = numbers.broadcast();
    const packs = all
      .flatMap(perSubtask(() => new Packs()))
      .returns(Types.string)
      .uid("packs");
    const shares = all
      .flatMap(perSubtask(() => new Shares()))
      .returns(Types.string)
      .uid("shares");
    const counted = numbers
      .filter((n) => n === LAST)
      // Else it would run in the source's task where it has one subtask, and unaligned checkpoints only fit the graph they were taken of.
      .startNewChain()
      .connect(numbers.broadcast({ counts: mapState(Types.int, Types.int) }))
      .process({
        output: Types.string,
        onRecord() {},
        onBroadcast(n, ctx) {
          const { counts } = ctx.broadcast;
          if (n !== LAST) counts.put(n % 5, (counts.get(n % 5) ?? 0) + 1);
          else ctx.collect(`counted ${[0, 1, 2, 3, 4].map((rest) => counts.get(rest) ?? 0).join(" ")}`);
        },
      })
      .uid("counts");
    packs
      .union(shares, counted)
      .sinkTo(fileSink({ path: output, format: "lines", rolling: { maxSize: 4000 } }))
      .uid("files");
  },
);

/** What it writes, but for what each of the last run's subtasks has counted, which is the same for all. */
export const expectedNumbers = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => [`packed ${n}`, `shared ${n}`])
    .flat()
    .sort();

export const expectedCounts = (count: number): string =>
  `counted ${[0, 1, 2, 3, 4].map((rest) => Math.ceil((count - rest) / 5)).join(" ")}`;
