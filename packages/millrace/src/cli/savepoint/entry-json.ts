import type { CapturedElement, CapturedEntry, CapturedState } from "../../runtime/state/captured-state.ts";
import { OpaqueValue } from "../../runtime/checkpoint/format/keyed/opaque-value.ts";

/*
 * Entries of state as JSON lines, for people and for tools such as jq: what JSON has no word for is written as the nearest text. Bigints
 * are digits, dates ISO 8601, bytes base64, NaN and the infinities their names; Maps are arrays of pairs, Sets arrays; a value
 * of a program's own class is `{ "type": "Money", "version": 1, "bytes": "..." }`.
 */

/**
 * The lines of one entry: one, or one for each namespace and timer.
 *
 * @example `{"keyGroup":17,"key":"ORD","value":12}`, `{"keyGroup":17,"key":"ORD","namespace":"0:3600000","values":[1,2]}`
 */
export function* entryLines(entry: CapturedEntry, keyGroup: number): Generator<string> {
  const base = { keyGroup, key: jsonValue(entry.key) };
  const of = entry.namespace === undefined ? base : { ...base, namespace: entry.namespace };
  yield* stateLines(of, entry.value);
}

function* stateLines(base: Readonly<Record<string, unknown>>, state: CapturedState): Generator<string> {
  switch (state.kind) {
    case "namespaces":
      for (const [namespace, inner] of state.namespaces) yield* stateLines({ ...base, namespace }, inner);
      return;
    case "timers":
      for (const { time, namespace } of state.timers)
        yield JSON.stringify({ ...base, ...(namespace === "" ? {} : { namespace }), time });
      return;
    case "element":
      yield JSON.stringify({ ...base, ...elementJson(state) });
      return;
    case "list": {
      const elements = Array.from(state.elements);
      const times = elements.some(({ time }) => time !== undefined);
      const values = elements.map(({ value }) => jsonValue(value));
      yield JSON.stringify({
        ...base,
        values,
        ...(times ? { times: elements.map(({ time }) => time ?? null) } : {}),
      });
      return;
    }
    case "map":
      yield JSON.stringify({
        ...base,
        entries: Array.from(state.entries, ([key, element]) => ({
          key: jsonValue(key),
          ...elementJson(element),
        })),
      });
  }
}

function elementJson({ value, time }: CapturedElement): Record<string, unknown> {
  return { value: jsonValue(value), ...(time === undefined ? {} : { time }) };
}

/** A value as JSON can say it. */
export function jsonValue(value: unknown): unknown {
  switch (typeof value) {
    case "bigint":
      return String(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "undefined":
      return null;
    case "object":
      return value === null ? null : jsonObject(value);
    default:
      return value;
  }
}

function jsonObject(value: object): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof OpaqueValue)
    return { type: value.type, version: value.version, bytes: Buffer.from(value.bytes).toString("base64") };
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Map)
    return Array.from(value as Map<unknown, unknown>, ([key, each]) => [jsonValue(key), jsonValue(each)]);
  if (value instanceof Set) return Array.from(value as Set<unknown>, jsonValue);
  if (Array.isArray(value)) return value.map(jsonValue);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonValue(each)]));
}
