import { copyFlat } from "../../../common/codec/copy-for-state.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { AggregateFunction } from "../../../common/state/state.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { retain } from "../../state/retain.ts";
import { StringKeeper } from "../../state/string-keeper.ts";
import { refuseAsync } from "../../task/chain/refuse-async.ts";
import { noAnswer } from "./no-answer.ts";
import type { FoldOptions, MergingFold, SliceFold, WindowFold } from "./window-fold.ts";

type AnyAggregate = AggregateFunction<unknown, unknown, unknown>;

/** Aggregates by a function of the user's or of the API's. */
export class AggregateFold implements WindowFold {
  readonly type: TypeInfo<unknown> | undefined;
  readonly enter = undefined;
  protected readonly aggregate: AnyAggregate;
  readonly #strings: StringKeeper;
  readonly #where: string;

  constructor(aggregate: AnyAggregate, { where }: FoldOptions) {
    this.aggregate = aggregate;
    this.#where = where;
    this.type = aggregate.accumulatorType;
    this.#strings = new StringKeeper(this.type);
  }

  create(value: unknown): unknown {
    const first = this.add(this.aggregate.createAccumulator(), value);
    refuseAsync(first, this.#where);
    return first;
  }

  add(accumulator: unknown, value: unknown): unknown {
    const strings = this.#strings.note(accumulator);
    const next = this.aggregate.add(accumulator, this.#strings.isDeep ? retain(value) : value);
    if (next === undefined) throw noAnswer("an aggregate's add must return the accumulator");
    return this.#strings.keep(next, strings);
  }

  result(accumulator: unknown, shared: boolean): unknown {
    const result = this.aggregate.getResult(accumulator);
    return shared && result === accumulator ? copyFlat(result) : result;
  }

  empty(): unknown {
    return this.aggregate.getResult(this.aggregate.createAccumulator());
  }
}

/** The aggregates that have a merge. */
export class MergingAggregateFold extends AggregateFold implements SliceFold, MergingFold {
  readonly #aggregate: AnyAggregate & Required<Pick<AnyAggregate, "merge">>;

  constructor(aggregate: AnyAggregate & Required<Pick<AnyAggregate, "merge">>, options: FoldOptions) {
    super(aggregate, options);
    this.#aggregate = aggregate;
  }

  join(a: unknown, b: unknown): unknown {
    return this.joinInto(this.joinInto(this.#aggregate.createAccumulator(), a), b);
  }

  joinInto(a: unknown, b: unknown): unknown {
    const joined = this.absorb(a, b);
    if (joined === b && typeof b === "object") {
      throw new MillraceError(
        "STATE_MISUSE",
        "an aggregate's merge(a, b) returned b itself, which other windows still use",
        { help: "Join b into a and return a; where a is empty, copy b's fields." },
      );
    }
    return joined;
  }

  absorb(a: unknown, b: unknown): unknown {
    const joined = this.#aggregate.merge(a, b);
    if (joined === undefined) throw noAnswer("an aggregate's merge must return the joined accumulator");
    return joined;
  }
}

/** Whether an aggregate has a merge. */
export function canMerge(
  aggregate: AnyAggregate,
): aggregate is AnyAggregate & Required<Pick<AnyAggregate, "merge">> {
  return "merge" in aggregate && typeof aggregate.merge === "function";
}
