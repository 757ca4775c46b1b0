import { MillraceError } from "../../common/errors/millrace-error.ts";

/** The error for a reduce or add function that answered undefined. */
export function nothingAnswered(method: "add" | "reduce" | "merge", where: string): MillraceError {
  return new MillraceError("STATE_MISUSE", `${method} answered undefined (${where})`, {
    help: `Let it return the ${method === "reduce" ? "reduced value" : "accumulator"}, even where it was changed in place.`,
  });
}
