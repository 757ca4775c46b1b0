import type { StateCopier } from "../../../common/codec/copy-for-state.ts";
import type { ReduceFunction } from "../../../common/functions/functions.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { createRetainer } from "../../state/retain.ts";
import { StringKeeper } from "../../state/string-keeper.ts";
import { deepFreeze } from "../../../common/types/deep-freeze.ts";
import { refuseAsync } from "../../task/chain/refuse-async.ts";
import { noAnswer } from "./no-answer.ts";
import type { FoldOptions, MergingFold, SliceFold } from "./window-fold.ts";

/** Reduces: the accumulator is a record, and reducing makes a new one. */
export class ReduceFold implements SliceFold, MergingFold {
  readonly type: TypeInfo<unknown> | undefined;
  readonly enter = undefined;
  readonly #reduce: ReduceFunction<unknown>;
  readonly #retain: StateCopier<unknown>;
  readonly #strings: StringKeeper;
  readonly #freeze: boolean;
  readonly #where: string;
  #tried = false;

  constructor(
    reduce: ReduceFunction<unknown>,
    type: TypeInfo<unknown> | undefined,
    { where, freeze }: FoldOptions,
  ) {
    this.#reduce = reduce;
    this.type = type;
    this.#freeze = freeze;
    this.#where = where;
    this.#retain = createRetainer({ where, type, checkAll: freeze });
    this.#strings = new StringKeeper(type);
  }

  create(value: unknown): unknown {
    return this.#frozen(this.#retain(value));
  }

  add(accumulator: unknown, value: unknown): unknown {
    const strings = this.#strings.note(accumulator);
    const next = this.join(accumulator, value);
    if (next === accumulator) return next;
    // The record itself belongs to others, too.
    return this.#frozen(Object.is(next, value) ? this.#retain(value) : this.#strings.keep(next, strings));
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
      refuseAsync(joined, this.#where);
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

  #frozen(value: unknown): unknown {
    return this.#freeze ? deepFreeze(value) : value;
  }
}
