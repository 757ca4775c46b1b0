import { describe, expect, it } from "vitest";
import { perSubtask } from "../../common/functions/per-subtask.ts";
import type {
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
} from "../../common/functions/functions.ts";
import type { RuntimeContext } from "../../common/functions/runtime-context.ts";
import { valueState } from "../../common/state/descriptors.ts";
import type { ValueStateWithDefault } from "../../common/state/state.ts";
import { Types } from "../../common/types/types.ts";
import { createEnvironment } from "../../root/create-environment.ts";

const WORDS = ["a", "b", "a", "a", "c", "b"];

/** Counts the records of each key. */
class Counted {
  #count!: ValueStateWithDefault<number>;
  open(context: RuntimeContext): void {
    this.#count = context.getState(valueState(Types.int, { name: "count", defaultValue: () => 0 }));
  }
  next(): number {
    this.#count.update(this.#count.value() + 1);
    return this.#count.value();
  }
}
class Numbered extends Counted implements RichMapFunction<string, string> {
  map(word: string): string {
    return `${word}${this.next()}`;
  }
}
class FirstOnly extends Counted implements RichFilterFunction<string> {
  filter(): boolean {
    return this.next() === 1;
  }
}
class Repeated extends Counted implements RichFlatMapFunction<string, string> {
  flatMap(word: string): string[] {
    return Array.from({ length: this.next() }, () => word);
  }
}

describe("objects with a life on keyed streams", () => {
  const keyed = () =>
    createEnvironment({ parallelism: 2 })
      .fromItems(WORDS)
      .keyBy((word) => word);

  it("have keyed state: map", async () => {
    expect(
      (
        await keyed()
          .map(perSubtask(() => new Numbered()))
          .executeAndCollect()
          .toArray()
      ).sort(),
    ).toEqual(["a1", "a2", "a3", "b1", "b2", "c1"]);
  });

  it("have keyed state: filter", async () => {
    expect(
      (
        await keyed()
          .filter(perSubtask(() => new FirstOnly()))
          .executeAndCollect()
          .toArray()
      ).sort(),
    ).toEqual(["a", "b", "c"]);
  });

  it("have keyed state: flatMap", async () => {
    const words = await keyed()
      .flatMap(perSubtask(() => new Repeated()))
      .executeAndCollect()
      .toArray();
    expect(words.sort().join("")).toBe("aaaaaabbbc");
  });

  it("have none on other streams, and are told so", async () => {
    const words = createEnvironment().fromItems(WORDS).map(new Numbered());
    await expect(words.executeAndCollect().toArray()).rejects.toThrow(
      /operator "Map" has no key, so it has no keyed state/u,
    );
  });
});
