import type { StateCopier } from "../../../common/codec/copy-for-state.ts";
import type { ReduceFunction } from "../../../common/functions/functions.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { createRetainer } from "../../state/heap/retain.ts";
import { StringKeeper } from "../../state/heap/string-keeper.ts";
import { noAnswer } from "./no-answer.ts";
import { refusePromise } from "./refuse-promise.ts";
import type { MergingFold, SliceFold } from "./window-fold.ts";

/** Reduces: the accumulator is a record, and reducing makes a new one. */
export class ReduceFold implements SliceFold, MergingFold {
  readonly type: TypeInfo<unknown> | undefined;
  readonly enter = undefined;
  readonly #reduce: ReduceFunction<unknown>;
  readonly #retain: StateCopier<unknown>;
  readonly #strings: StringKeeper;
  #tried = false;

  /** @param where told in errors */
  constructor(reduce: ReduceFunction<unknown>, type: TypeInfo<unknown> | undefined, where: string) {
    this.#reduce = reduce;
    this.type = type;
    this.#retain = createRetainer({ where, type, checkAll: false });
    this.#strings = new StringKeeper(type);
  }

  create(value: unknown): unknown {
    return this.#retain(value);
  }

  add(accumulator: unknown, value: unknown): unknown {
    const strings = this.#strings.note(accumulator);
    const next = this.join(accumulator, value);
    if (next === accumulator) return next;
    // The record itself belongs to others, too.
    return Object.is(next, value) ? this.#retain(value) : this.#strings.keep(next, strings);
  }

  result(accumulator: unknown): unknown {
    return accumulator;
  }

  empty(): unknown {
    return undefined;
  }

  join(a: unknown, b: unknown): unknown {
    const joined = this.#reduce(a, b);
    if (joined === undefined) throw noAnswer("a window's reduce function must return a record");
    if (!this.#tried) {
      refusePromise(joined, "a window's reduce function");
      this.#tried = true;
    }
    return joined;
  }

  joinInto(a: unknown, b: unknown): unknown {
    return this.join(a, b);
  }

  absorb(a: unknown, b: unknown): unknown {
    return this.join(a, b);
  }
}
