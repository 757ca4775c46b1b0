/*
 * EmbeddedRocksDBStateBackend: keyed state in RocksDB on the local disk. Nothing is to be imported from here: install the package, and set
 * `state.backend.type` to `rocksdb`.
 */
export { openStateBackends } from "./open-state-backends.ts";
