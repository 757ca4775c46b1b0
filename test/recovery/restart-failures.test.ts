import { describe, expect, it } from "vitest";
import {
  generatorSource,
  listState,
  perSubtask,
  PollStatus,
  seconds,
  Types,
  WatermarkStrategy,
} from "millrace";
import type {
  CheckpointedFunction,
  ConfigValues,
  FunctionInitializationContext,
  JobClient,
  ListState,
  RichMapFunction,
  Sink,
  Source,
  SourceReader,
  StreamExecutionEnvironment,
} from "millrace";
import { miniCluster } from "millrace/testing";
import { Ledger } from "./testing/ledger.ts";
import type { Entry } from "./testing/ledger.ts";

const COUNT = 400;
const CONFIG: ConfigValues = {
  "execution.checkpointing.interval": "1 s",
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 6,
  "restart-strategy.fixed-delay.delay": "50 ms",
};

/** Where a restarted attempt may fail. */
const PLACES = [
  "enumerator's creation",
  "enumerator's start",
  "enumerator's answer to a reader",
  "enumerator's request for a split",
  "reader's creation",
  "reader's start",
  "reader's splits",
  "reader's first poll",
  "function's state",
  "function's opening",
  "function's first record",
  "function's end",
  "function's snapshot",
  "function's notification",
  "sink's creation",
  "sink's first record",
  "sink's flush",
  "sink's preparation",
  "sink's state",
  "sink's commit of what was prepared",
] as const;
type Place = (typeof PLACES)[number];

/** Fails the job the first time at record 250, then at its places, one attempt after the other. */
class Saboteur {
  readonly #left: Place[];
  #armed = false;
  readonly done: string[] = [];

  constructor(places: readonly Place[]) {
    this.#left = [...places];
  }

  record(n: number): void {
    if (n < 250 || this.#armed) return;
    this.#armed = true;
    throw new RangeError("for the first time");
  }

  at(place: Place): void {
    if (!this.#armed || this.#left[0] !== place) return;
    this.#left.shift();
    this.done.push(place);
    throw new RangeError(`at the ${place}`);
  }
}

/** A source whose parts ask the saboteur first. */
function sabotaged(saboteur: Saboteur): Source<number> {
  const source: Source<number> = generatorSource({ generate: (i) => i, count: COUNT, ratePerSecond: 100 });
  return {
    ...source,
    createEnumerator(context, restored) {
      saboteur.at("enumerator's creation");
      const inner = source.createEnumerator(context, restored);
      return {
        start() {
          saboteur.at("enumerator's start");
          inner.start();
        },
        addReader(subtask) {
          saboteur.at("enumerator's answer to a reader");
          inner.addReader(subtask);
        },
        handleSplitRequest(subtask) {
          saboteur.at("enumerator's request for a split");
          inner.handleSplitRequest(subtask);
        },
        addSplitsBack: (splits, subtask) => inner.addSplitsBack(splits, subtask),
        snapshotState: (id) => inner.snapshotState(id),
        close: () => inner.close(),
      };
    },
    createReader(context) {
      saboteur.at("reader's creation");
      const inner = source.createReader(context);
      const reader: SourceReader<number, never> = {
        start() {
          saboteur.at("reader's start");
          inner.start();
        },
        addSplits(splits, begun) {
          saboteur.at("reader's splits");
          inner.addSplits(splits, begun);
        },
        pollNext(output, limit) {
          const status = inner.pollNext(output, limit);
          if (status !== PollStatus.END) saboteur.at("reader's first poll");
          return status;
        },
        notifyNoMoreSplits: () => inner.notifyNoMoreSplits(),
        snapshotState: (id) => inner.snapshotState(id) as never,
        close: () => inner.close(),
      };
      return reader;
    },
  };
}

/** Counts what it has seen, in operator state, and marks every hundredth of it. */
class Counting implements RichMapFunction<number, number>, CheckpointedFunction {
  readonly #saboteur: Saboteur;
  #seen = 0;
  #stored: ListState<number> | undefined;

  constructor(saboteur: Saboteur) {
    this.#saboteur = saboteur;
  }

  initializeState(context: FunctionInitializationContext): void {
    this.#saboteur.at("function's state");
    this.#stored = context.getListState(listState(Types.int, { name: "seen" }));
    for (const seen of this.#stored.get()) this.#seen += seen;
  }

  open(): void {
    this.#saboteur.at("function's opening");
  }

  map(n: number): number {
    this.#saboteur.record(n);
    this.#saboteur.at("function's first record");
    return n * 1000 + ++this.#seen;
  }

  snapshotState(): void {
    this.#saboteur.at("function's snapshot");
    this.#stored?.update([this.#seen]);
  }

  notifyCheckpointComplete(): void {
    this.#saboteur.at("function's notification");
  }

  close(): void {
    this.#saboteur.at("function's end");
  }
}

/** A ledger's sink whose parts ask the saboteur first. */
function sabotagedSink(ledger: Ledger, saboteur: Saboteur): Sink<string, Entry> {
  const inner = ledger.sink();
  ledger.fault = ({ attempt }) => {
    if (attempt > 0) saboteur.at("sink's commit of what was prepared");
    return undefined;
  };
  return {
    ...inner,
    createWriter(context, restored) {
      saboteur.at("sink's creation");
      const writer = inner.createWriter(context, restored);
      return {
        ready: true,
        write(value, record) {
          saboteur.at("sink's first record");
          writer.write(value, record);
        },
        flush(end, savepoint) {
          saboteur.at("sink's flush");
          return writer.flush(end, savepoint);
        },
        async prepareCommit() {
          saboteur.at("sink's preparation");
          return (await writer.prepareCommit?.()) ?? [];
        },
        snapshotState() {
          saboteur.at("sink's state");
          return [];
        },
        close: () => writer.close(),
      };
    },
  };
}

function program(
  env: StreamExecutionEnvironment,
  ledger: Ledger,
  saboteur: Saboteur,
  shuffled: boolean,
): void {
  const numbers = env
    .fromSource(sabotaged(saboteur), WatermarkStrategy.noWatermarks<number>(), "numbers")
    .setParallelism(shuffled ? 2 : 1)
    .uid("numbers");
  const counted = (shuffled ? numbers.rebalance() : numbers)
    .map(perSubtask(() => new Counting(saboteur)))
    .setParallelism(1)
    .uid("count");
  // Which number is the how manieth depends on the order, all of them together don't.
  const lines = shuffled
    ? counted.flatMap((n: number) => [`number ${Math.floor(n / 1000)}`, `the ${n % 1000}th`])
    : counted.map((n) => `number ${Math.floor(n / 1000)} is the ${n % 1000}th`);
  lines.setParallelism(1).sinkTo(sabotagedSink(ledger, saboteur)).setParallelism(1).uid("ledger");
}

const expected = (shuffled: boolean): readonly string[] =>
  Array.from({ length: COUNT }, (_, i) =>
    shuffled ? [`number ${i}`, `the ${i + 1}th`] : [`number ${i} is the ${i + 1}th`],
  )
    .flat()
    .sort();

async function outcome(client: JobClient): Promise<string> {
  return client.result().then(
    () => "FINISHED",
    (error: unknown) => String(error),
  );
}

describe.each([
  ["in one task", false],
  ["over a shuffle", true],
])("a restart of a job %s", (_, shuffled) => {
  /** What a job has written in the end that failed in these places, one after the other. */
  async function sabotage(places: readonly Place[], more: ConfigValues = {}): Promise<readonly string[]> {
    await using cluster = await miniCluster({ config: { ...CONFIG, ...more } });
    const ledger = new Ledger();
    const saboteur = new Saboteur(places);
    const env = cluster.environment();
    program(env, ledger, saboteur, shuffled);
    const client = await env.executeAsync();
    await cluster.advance(seconds(60));
    expect(client.status(), cluster.stderr).toBe("FINISHED");
    expect(await outcome(client)).toBe("FINISHED");
    expect(saboteur.done).toEqual(places);
    return ledger.lines;
  }

  it.each(PLACES)("that fails at the %s", async (place) => {
    expect(await sabotage([place])).toEqual(expected(shuffled));
    const unaligned = { "execution.checkpointing.unaligned.enabled": true };
    expect(await sabotage([place], unaligned)).toEqual(expected(shuffled));
  });

  it.each<readonly (readonly Place[])[]>([
    [["enumerator's start", "reader's splits", "function's opening", "sink's creation"]],
    [["function's state", "function's state", "sink's commit of what was prepared"]],
    [["function's opening", "enumerator's answer to a reader", "function's first record"]],
  ])("that fails again and again: at the %j", async (places) => {
    expect(await sabotage(places)).toEqual(expected(shuffled));
  });
});

it("is given up after as many restarts as are allowed, though none of them came to run", async () => {
  await using cluster = await miniCluster({ config: CONFIG });
  const ledger = new Ledger();
  const saboteur = new Saboteur(Array.from({ length: 50 }, () => "function's opening" as const));
  const env = cluster.environment();
  program(env, ledger, saboteur, true);
  const client = await env.executeAsync();
  await cluster.advance(seconds(60));
  expect(await outcome(client)).toMatch(/at the function's opening[^]*started again 6 times/u);
  expect(saboteur.done).toHaveLength(6);
});
