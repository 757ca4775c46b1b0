import type { TypeInfo } from "../../../common/types/type-info.ts";
import { Types } from "../../../common/types/types.ts";
import { deepFreeze } from "../../../common/types/deep-freeze.ts";
import { createRetainer } from "../../state/retain.ts";
import type { FoldOptions, MergingFold } from "./window-fold.ts";

/** Keeps all records: the accumulator is an array. */
export class ListFold implements MergingFold {
  readonly type: TypeInfo<unknown> | undefined;
  readonly enter: (value: unknown) => unknown;

  constructor(elementType: TypeInfo<unknown> | undefined, { where, freeze }: FoldOptions) {
    this.type = elementType === undefined ? undefined : erased(Types.array(elementType));
    const retain = createRetainer({ where, type: elementType, checkAll: freeze });
    this.enter = freeze ? (value) => deepFreeze(retain(value)) : retain;
  }

  create(value: unknown): unknown {
    return [value];
  }

  add(accumulator: unknown, value: unknown): unknown {
    (accumulator as unknown[]).push(value);
    return accumulator;
  }

  result(accumulator: unknown, shared: boolean): unknown {
    return shared ? (accumulator as unknown[]).slice() : accumulator;
  }

  empty(): unknown {
    return [];
  }

  absorb(a: unknown, b: unknown): unknown {
    for (const value of b as unknown[]) (a as unknown[]).push(value);
    return a;
  }
}

/** Types are invariant in their values: `any` stands between the array's and the fold's, which knows no more. */
const erased = (type: TypeInfo<any>): TypeInfo<unknown> => type;
