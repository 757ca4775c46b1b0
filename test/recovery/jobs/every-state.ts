import { setTimeout as sleep } from "node:timers/promises";
import {
  aggregatingState,
  arg,
  collectSink,
  CountTrigger,
  EventTimeSessionWindows,
  generatorSource,
  GlobalWindows,
  job,
  listState,
  mapState,
  perSubtask,
  PurgingTrigger,
  reducingState,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  Types,
  valueState,
  WatermarkStrategy,
} from "millrace";
import type { DataStream, Source } from "millrace";
import { heldSource } from "../../testing/held-source.ts";
import { LAST, Packs, Shares } from "../testing/packs.ts";

const Item = Types.object({ id: Types.int, key: Types.string, at: Types.timestamp });
interface Item {
  readonly id: number;
  readonly key: string;
  readonly at: number;
}

const item = (i: number): Item => ({
  id: i,
  key: `key-${(Math.imul(i + 1, 2_654_435_761) >>> 0) % 13}`,
  at: i * 10 - (i % 4) * 7,
});

/** Far behind everything: timers at this time see all that came. */
const END = 10_000_000;

/**
 * Every shape of state there is. What it writes depends neither on parallelism nor on the order in which subtasks run, as long as nothing
 * is lost and nothing comes twice. Where it is `held`, each run gives a quarter of its input, and waits.
 */
export default job(
  import.meta,
  "every state",
  { args: { count: arg.int(), held: arg.boolean().default(false) } },
  (env, { count, held }) => {
    const source = <T>(of: number, generate: (i: number) => T): Source<T> => {
      const inner = generatorSource({ count: of, generate });
      const first = (parallelism: number): number => Math.ceil(of / 4 / parallelism);
      return held ? heldSource(inner, { holds: () => true, first }) : inner;
    };
    const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Item>(50).withTimestamps(({ at }) => at);
    const read = (name: string, of: number, each: number): DataStream<Item> =>
      env
        .fromSource(
          source(of, (i) => item(i * each)),
          strategy,
          name,
        )
        .returns(Item)
        .uid(name);
    const items = read("items", count, 1);
    const fewer = read("fewer", Math.floor(count / 3), 3);
    const byKey = items.keyBy(({ key }) => key);

    const states = byKey
      .process({
        output: Types.string,
        state: {
          count: valueState(Types.int, { defaultValue: () => 0 }),
          ids: listState(Types.int),
          by: mapState(Types.int, Types.int),
          least: reducingState((a: number, b: number) => Math.min(a, b), Types.int),
          total: aggregatingState({
            accumulatorType: Types.int,
            createAccumulator: () => 0,
            add: (sum: number, { id }: Item) => sum + id,
            getResult: (sum) => sum,
          }),
        },
        onRecord(one, ctx) {
          const { count: n, ids, by, least, total } = ctx.state;
          n.update(n.value() + 1);
          ids.add(one.id);
          by.put(one.id % 3, (by.get(one.id % 3) ?? 0) + 1);
          least.add(one.id);
          total.add(one);
          ctx.timers.registerEventTimeTimer(Math.floor(one.at / 700) * 700 + 700);
          ctx.timers.registerEventTimeTimer(END);
        },
        onTimer(time, ctx) {
          const { count: n, ids, by, least, total } = ctx.state;
          if (time !== END) {
            ctx.collect(`timer ${ctx.currentKey} ${time}`);
            return;
          }
          const list = [...ids.get()].sort((a, b) => a - b).join(",");
          const map = [0, 1, 2].map((rest) => by.get(rest) ?? 0).join(",");
          ctx.collect(
            `states ${ctx.currentKey} ${n.value()} [${list}] {${map}} ${least.get()} ${total.get()}`,
          );
        },
      })
      .uid("states");

    const tumbling = byKey
      .window(TumblingEventTimeWindows.of(1000))
      .aggregate(
        (a) => ({ n: a.count(), sum: a.sum(({ id }) => id) }),
        (key, { start }, { n, sum }) => `tumbling ${key} ${start} ${n} ${sum}`,
      )
      .uid("tumbling");
    const sliding = byKey
      .window(SlidingEventTimeWindows.of(900, 300))
      .aggregate(
        (a) => ({ n: a.count() }),
        (key, { start }, { n }) => `sliding ${key} ${start} ${n}`,
      )
      .uid("sliding");
    const sessions = byKey
      .window(EventTimeSessionWindows.withGap(150))
      .process({
        onWindow: (records, ctx) =>
          `session ${ctx.key} ${ctx.window.start} ${ctx.window.end} ${[...records].length}`,
      })
      .uid("sessions");
    const packed = byKey
      .window(GlobalWindows.create())
      .trigger(PurgingTrigger.of(CountTrigger.of(7)))
      .process({ onWindow: (records, ctx) => `count window ${ctx.key} ${[...records].length}` })
      .uid("count windows");

    const joined = items
      .join(fewer)
      .where(({ key }) => key)
      .equalTo(({ key }) => key)
      .window(TumblingEventTimeWindows.of(400))
      .apply((a, b) => `join ${a.id} ${b.id}`)
      .uid("join");
    const near = byKey
      .intervalJoin(fewer.keyBy(({ key }) => key))
      .between(-100, 200)
      .join((a, b) => `near ${a.id} ${b.id}`)
      .uid("interval join");

    const rules = byKey
      .connect(fewer.broadcast({ seen: mapState(Types.string, Types.int) }))
      .process({
        state: { n: valueState(Types.int, { defaultValue: () => 0 }) },
        onRecord(_, ctx) {
          ctx.state.n.update(ctx.state.n.value() + 1);
          ctx.timers.registerEventTimeTimer(END);
        },
        onBroadcast({ key }, ctx) {
          ctx.broadcast.seen.put(key, (ctx.broadcast.seen.get(key) ?? 0) + 1);
        },
        onTimer: (_, ctx) =>
          `rules ${ctx.currentKey} ${ctx.state.n.value()} ${ctx.broadcast.seen.get(ctx.currentKey) ?? 0}`,
      })
      .uid("rules");

    const numbers = env
      .fromSource(
        source(count + 1, (i) => (i === count ? LAST : i)),
        WatermarkStrategy.noWatermarks<number>(),
        "numbers",
      )
      .setParallelism(1)
      .uid("numbers")
      .broadcast();
    const packs = numbers
      .flatMap(perSubtask(() => new Packs()))
      .returns(Types.string)
      .uid("packs");
    const shares = numbers
      .flatMap(perSubtask(() => new Shares()))
      .returns(Types.string)
      .uid("shares");

    const called = items
      .asyncMap(
        async ({ id }) => {
          await sleep(id % 5 === 0 ? 20 : 0);
          return `called ${id}`;
        },
        { mode: "unordered", capacity: 15 },
      )
      .uid("calls");
    const inOrder = items
      .asyncMap(
        async ({ id }) => {
          if (id % 7 === 0) await sleep(15);
          return `in order ${id}`;
        },
        { capacity: 15 },
      )
      .uid("calls in order");

    const all = states.union(
      tumbling,
      sliding,
      sessions,
      packed,
      joined,
      near,
      rules,
      packs,
      shares,
      called,
      inOrder,
    );
    all.sinkTo(collectSink<string>("out")).uid("out");
  },
);
