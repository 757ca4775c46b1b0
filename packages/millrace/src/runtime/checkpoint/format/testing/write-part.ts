import { operatorUid } from "../../../../common/ids/ids.ts";
import { KEY_HASH_VERSION } from "../../../../common/keys/hash-key.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { AnyType } from "../../../../common/types/infer-types.ts";
import type { StateBytes } from "../../../../protocol/control/snapshots.ts";
import type { CapturedElement, CapturedEntry, StateMeta } from "../../../state/captured-state.ts";
import { copyCaptured } from "../../../state/testing/copy-captured.ts";
import { createStateFiles } from "../../storage/create-state-files.ts";
import type { StateFiles } from "../../storage/state-files.ts";
import { createKeyedPartWriter } from "../create-keyed-part-writer.ts";
import type { KeyedPartHeader, KeyedPartReader } from "../keyed-part.ts";

/** What may be said of a state. */
export interface StateSettings extends Partial<Omit<StateMeta, "type" | "keyType">> {
  readonly type?: AnyType | undefined;
  readonly keyType?: AnyType | undefined;
}

/** A state of a value without types, but for what is said otherwise. */
export function stateMeta(settings: StateSettings = {}): StateMeta {
  return {
    name: "count",
    layout: "keyed",
    kind: "value",
    ttl: false,
    keyType: undefined,
    type: undefined,
    ...settings,
  };
}

/** A value. */
export const element = (value: unknown, time?: Timestamp): CapturedElement => ({
  kind: "element",
  value,
  time,
});

/** An entry of a value. */
export const valueEntry = (key: unknown, value: unknown, state = 0): CapturedEntry => ({
  key,
  state,
  namespace: undefined,
  value: element(value),
});

/** What stands in a key group. */
export interface GroupContent {
  readonly watermark?: Timestamp;
  readonly removals?: readonly {
    readonly state: number;
    readonly key: unknown;
    readonly namespace?: number;
  }[];
  readonly entries?: readonly CapturedEntry[];
}

export const inMemory: StateFiles = createStateFiles({ directory: undefined, inlineThreshold: 0 });

/** Writes a part of these key groups, of which there are 128. */
export async function writePart(
  states: readonly StateMeta[],
  groups: Readonly<Record<number, GroupContent>>,
  header: Partial<KeyedPartHeader> = {},
  files: StateFiles = inMemory,
): Promise<StateBytes> {
  const writer = createKeyedPartWriter(
    files,
    {
      operator: operatorUid("totals"),
      maxParallelism: 128,
      keyHashVersion: KEY_HASH_VERSION,
      keyGroups: { start: 0, end: 128 },
      content: "full",
      ...header,
    },
    states,
    "totals-0",
  );
  for (const [group, { watermark = -Infinity, removals = [], entries = [] }] of Object.entries(groups)) {
    writer.keyGroup(Number(group), watermark);
    for (const { state, key, namespace } of removals) writer.removed(state, key, namespace);
    for (const entry of entries) writer.entry(entry);
  }
  return writer.finish();
}

/** The entries of a state in a key group as plain data. */
export function entriesOf(
  part: KeyedPartReader,
  state: number,
  keyGroup: number,
  as?: StateMeta,
): CapturedEntry[] {
  return Array.from(part.entries(state, keyGroup, as), (entry) => ({
    ...entry,
    value: copyCaptured(entry.value, as?.type?.customs ?? new Map()),
  }));
}
