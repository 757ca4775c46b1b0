/** What native snapshots say of who wrote them. */
export const BACKEND = "rocksdb";
