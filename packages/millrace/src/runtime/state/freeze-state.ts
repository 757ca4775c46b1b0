import { MillraceError } from "../../common/errors/millrace-error.ts";

/**
 * Freezes a value that state hands out, and everything in it, so that a test sees who changes it. Maps, Sets and Dates can't
 * be frozen: the methods that change them are made to throw. Typed arrays stay as they are.
 */
export function freezeState<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value;
  if (value instanceof Map || value instanceof Set) {
    for (const [key, item] of value.entries()) {
      freezeState(key);
      freezeState(item);
    }
    refuse(value, ["set", "add", "delete", "clear"]);
  } else if (value instanceof Date) {
    refuse(value, DATE_SETTERS);
  } else {
    Object.freeze(value);
    for (const inner of Object.values(value)) freezeState(inner);
    return value;
  }
  return Object.freeze(value);
}

const DATE_SETTERS = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith("set"));

function refuse(value: object, methods: readonly string[]): void {
  for (const method of methods) {
    Object.defineProperty(value, method, {
      value() {
        throw new MillraceError("STATE_MISUSE", `${method} was called on a value that state handed out`, {
          help: "What state hands out is readonly: use update(...) to replace it, or mutate(...) to change it in place.",
        });
      },
    });
  }
}
