/*
 * What packages with state backends are built from: `millrace/internal/state-backend`. Internal: it changes with the engine, from
 * one version to the next, and such a package is released with it.
 */

export { createValueCodec } from "../../common/codec/value-codec.ts";
export type { ValueCodec } from "../../common/codec/frame-codec.ts";
export type { Clock } from "../../common/clock/clock.ts";
export { MillraceError } from "../../common/errors/millrace-error.ts";
export { preview } from "../../common/errors/preview.ts";
export { hashKey, KEY_HASH_VERSION } from "../../common/keys/hash-key.ts";
export { keyGroupOf } from "../../common/keys/key-groups.ts";
export { keyIndex, type KeyIndex } from "../../common/keys/key-index.ts";
export { KeyTag } from "../../common/keys/key-tags.ts";
export { KeyWriter } from "../../common/keys/key-writer.ts";
export type {
  AggregatingStateDescriptor,
  ListState,
  MapState,
  ReadonlyState,
  StateDescriptor,
  StateHandle,
} from "../../common/state/state.ts";
export { MIN_WATERMARK, type Timestamp } from "../../common/time/timestamps.ts";
export type { TypeDescription } from "../../common/types/type-description.ts";
export type { TypeInfo } from "../../common/types/type-info.ts";
export { describeIssue, validateValue } from "../../common/types/validate-value.ts";
export { typesEqual } from "../../common/types/types-equal.ts";
export type { KeyedStateHandle, StateBytes } from "../../protocol/control/snapshots.ts";
export { createKeyedPartWriter } from "../checkpoint/format/create-keyed-part-writer.ts";
export type {
  KeyedPartReader,
  KeyedPartWriter,
  KeyKind,
  StateHeader,
} from "../checkpoint/format/keyed-part.ts";
export { keyKindBit, keyKindBits, keyKindsOf } from "../checkpoint/format/keyed/key-kinds.ts";
export { stateHeader, stateMetaOf } from "../checkpoint/format/keyed/state-header.ts";
export { needsCheck } from "../checkpoint/format/keyed/state-migration.ts";
export { openKeyedPart } from "../checkpoint/format/open-keyed-part.ts";
export { createStateFiles } from "../checkpoint/storage/create-state-files.ts";
export type { StateFiles } from "../checkpoint/storage/state-files.ts";
export type { Flow } from "../operators/flow.ts";
export type { StateBackendFactory, StateBackendModule, StateBackendSettings } from "./backend-module.ts";
export type {
  CapturedElement,
  CapturedEntry,
  CapturedState,
  StateLayout,
  StateMeta,
} from "./captured-state.ts";
export { deepCopy, NO_CUSTOMS } from "./deep-copy.ts";
export { freezeState } from "./freeze-state.ts";
export { AggregatingHandle } from "./heap/aggregating-handle.ts";
export { checkSameState } from "./heap/check-same-state.ts";
export type { HandleOptions } from "./heap/handle-options.ts";
export { handleOptions } from "./heap/heap-state.ts";
export { HashMapStateBackend } from "./heap/hash-map-state-backend.ts";
export type { Place } from "./heap/place.ts";
export { ReducingHandle } from "./heap/reducing-handle.ts";
export { isExpired, TtlCell, ttlPolicy, type TtlPolicy } from "./heap/ttl.ts";
export { ValueHandle } from "./heap/value-handle.ts";
export type {
  KeyedSnapshot,
  KeyedSnapshotRequest,
  SnapshotKeyedStore,
  SnapshotPace,
} from "./keyed-snapshot.ts";
export type { KeyGroupRange, NamespacedState } from "./keyed-state.ts";
export type { NamespaceTable, NamespaceTables, TableScan } from "./namespace-tables.ts";
export { nothingAnswered } from "./nothing-answered.ts";
export type { OperatorStateStore } from "./operator-state.ts";
export { checkRestoredState } from "./restore/check-restored-state.ts";
export { KeyKindGuard } from "./restore/key-kind-guard.ts";
export { checkWindowStates } from "./restore/window-layout-change.ts";
export { retainKey } from "./retain.ts";
export type { StateBackend, StateStoreRequest } from "./state-backend.ts";
export { StringKeeper } from "./string-keeper.ts";
export type { InternalTimerService, TimerTarget } from "./timers.ts";
