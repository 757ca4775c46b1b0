import type { TypeInfo } from "../../../../common/types/type-info.ts";
import { validateValue, type ValueIssue } from "../../../../common/types/validate-value.ts";
import type { CapturedElement, CapturedEntry, CapturedState } from "../../../state/captured-state.ts";

/**
 * The same entries, each of whose values was looked at: for state whose type was not declared when it was written, and is now.
 *
 * @param mapKeys the type of a map's keys; undefined: they need no look. @param values likewise
 * @param refuse makes the error for a value that does not fit
 */
export function* checkEntries(
  entries: Iterable<CapturedEntry>,
  mapKeys: TypeInfo<unknown> | undefined,
  values: TypeInfo<unknown> | undefined,
  refuse: (key: unknown, issue: ValueIssue) => Error,
): Generator<CapturedEntry> {
  for (const entry of entries) {
    const issue = firstIssue(entry.value, mapKeys, values);
    if (issue !== undefined) throw refuse(entry.key, issue);
    yield entry;
  }
}

function firstIssue(
  state: CapturedState,
  mapKeys: TypeInfo<unknown> | undefined,
  values: TypeInfo<unknown> | undefined,
): ValueIssue | undefined {
  const issueOf = (type: TypeInfo<unknown> | undefined, value: unknown): ValueIssue | undefined =>
    type === undefined ? undefined : validateValue(type, value)[0];
  const ofElement = (element: CapturedElement): ValueIssue | undefined => issueOf(values, element.value);
  switch (state.kind) {
    case "element":
      return ofElement(state);
    case "list":
      return first(state.elements, ofElement);
    case "map":
      return first(state.entries, ([key, element]) => issueOf(mapKeys, key) ?? ofElement(element));
    case "namespaces":
      return first(state.namespaces, ([, inner]) => firstIssue(inner, mapKeys, values));
    case "timers":
      return undefined;
  }
}

function first<T>(items: Iterable<T>, look: (item: T) => ValueIssue | undefined): ValueIssue | undefined {
  for (const item of items) {
    const issue = look(item);
    if (issue !== undefined) return issue;
  }
  return undefined;
}
