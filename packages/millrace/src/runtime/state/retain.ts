import { copyFlat, createStateCopier, type StateCopier } from "../../common/codec/copy-for-state.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { fieldPath, isPlainObject, nameOfValue } from "../../common/types/plain-object.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { describeIssue, isCarriedInstance, validateValue } from "../../common/types/validate-value.ts";
import { deepCopy, NO_CUSTOMS, type Customs } from "./deep-copy.ts";

/** V8 copies substrings shorter than this, so they keep nothing else alive. */
const SHORTEST_SLICE = 13;
/** Deeper values are cyclic more often than meant. */
const MAX_DEPTH = 100;

/** How a state's values are made fit to be kept. */
export interface RetainOptions {
  /** `state "count" of operator "totals"`, for errors. */
  readonly where: string;
  readonly type: TypeInfo<unknown> | undefined;
  /** Check each value against the type, not only the first (tests). */
  readonly checkAll: boolean;
}

/**
 * Makes the function through which values enter a state: strings that may have been cut from a frame are copied, which
 * would keep all of it alive otherwise, and so are the objects around them; values without such strings are kept
 * as they are. What no codec could carry is refused here, not at the first restore.
 */
export function createRetainer(options: RetainOptions): StateCopier<unknown> {
  const { type, where, checkAll } = options;
  if (type === undefined) return (value) => retain(value, where);
  const copy = createStateCopier(type, { unique: where });
  let checked = false;
  return (value) => {
    if (!checked || checkAll) {
      checkType(type, value, where);
      checked = true;
    }
    return copy(value);
  };
}

/**
 * Like a retainer, but what it answers is the state's own in any case, so that it can be changed in place: a record is
 * shared with whoever else reads it.
 */
export function createOwner(retainer: StateCopier<unknown>, customs: Customs): StateCopier<unknown> {
  return (value) => {
    const kept = retainer(value);
    return kept === value && typeof value === "object" ? deepCopy(value, customs) : kept;
  };
}

/** Makes a key the state's own: key selectors may use one array again and again. */
export function retainKey(key: unknown): unknown {
  const kept = retain(key);
  return kept === key && typeof key === "object" ? deepCopy(kept, NO_CUSTOMS) : kept;
}

/** Makes any plain value fit to be kept. @throws RECORD_TYPE_MISMATCH for instances of classes, naming the path */
export function retain<T>(value: T, where = "state"): T {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "string") return copyFlat(value);
    if (typeof value === "function" || typeof value === "symbol") throw refused(value, "", where);
    return value;
  }
  return needsCopy(value, "", where, 0) ? copyFlat(value) : value;
}

/** Whether there is a string in `value` that may point into a larger one; looks at all of it, since it checks, too. */
function needsCopy(value: unknown, path: string, where: string, depth: number): boolean {
  if (typeof value === "string") return value.length >= SHORTEST_SLICE;
  if (typeof value === "function" || typeof value === "symbol") throw refused(value, path, where);
  if (typeof value !== "object" || value === null) return false;
  if (depth > MAX_DEPTH) throw refused(value, path, where);
  let found = false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item !== "number" && needsCopy(item, path, where, depth + 1)) found = true;
    }
  } else if (isPlainObject(value)) {
    for (const name in value) {
      const item = value[name];
      if (typeof item === "number") continue;
      if (needsCopy(item, path === "" ? name : fieldPath(path, name), where, depth + 1)) found = true;
    }
  } else if (value instanceof Map || value instanceof Set) {
    for (const [key, item] of value.entries()) {
      if (needsCopy(key, path, where, depth + 1)) found = true;
      if (needsCopy(item, path, where, depth + 1)) found = true;
    }
  } else if (!isCarriedInstance(value)) {
    throw refused(value, path, where);
  }
  return found;
}

function checkType(type: TypeInfo<unknown>, value: unknown, where: string): void {
  const [issue] = validateValue(type, value);
  if (issue === undefined) return;
  throw new MillraceError(
    "RECORD_TYPE_MISMATCH",
    `${where} got a value that is not of its type: ${describeIssue(issue)}`,
    {
      details: { path: issue.path },
    },
  );
}

function refused(value: unknown, path: string, where: string): MillraceError {
  const at = path === "" ? "" : ` at ${path}`;
  return new MillraceError("RECORD_TYPE_MISMATCH", `${where} can't keep ${nameOfValue(value)}${at}`, {
    help: "State holds plain data. Declare the state's type with Types.custom(...) to keep instances of a class.",
    details: { path },
  });
}
