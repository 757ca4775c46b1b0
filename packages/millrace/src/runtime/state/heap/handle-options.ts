import type { TypeInfo } from "../../../common/types/type-info.ts";
import type { Customs } from "../deep-copy.ts";

/** What handles know of their state. */
export interface HandleOptions {
  /** `state "count" of operator "totals"`, for errors. */
  readonly where: string;
  /** Makes a value fit to be kept (see `createRetainer`). */
  readonly retain: (value: unknown) => unknown;
  /** Makes a value the state's own, so that it can be changed in place (see `createOwner`). */
  readonly own: (value: unknown) => unknown;
  /** Makes a map state's key fit to be kept. */
  readonly retainKey: (key: unknown) => unknown;
  readonly type: TypeInfo<unknown> | undefined;
  /** Makes a value that is folded in fit to be kept, whatever its type. */
  readonly retainInput: (value: unknown) => unknown;
  readonly customs: Customs;
  /** Whether what is handed out is frozen deeply (tests). */
  readonly freeze: boolean;
}
