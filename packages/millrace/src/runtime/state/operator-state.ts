import type {
  BroadcastState,
  ListState,
  ListStateDescriptor,
  MapStateDescriptor,
} from "../../common/state/state.ts";

/** State of an operator without key. Redistributed when restored: each kind in its own way (correctness rule 16). */
export interface OperatorStateStore {
  readonly isRestored: boolean;
  /** Split evenly over the subtasks. */
  getListState<T>(name: string, descriptor: ListStateDescriptor<T>): ListState<T>;
  /** All elements to every subtask. */
  getUnionListState<T>(name: string, descriptor: ListStateDescriptor<T>): ListState<T>;
  /** One copy, to every subtask. */
  getBroadcastState<K, V>(name: string, descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
}
