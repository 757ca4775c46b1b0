/** How the memory of a slot is used. Bytes. */
export interface MemorySplit {
  /** Blocks of files that RocksDB keeps in memory; one cache for the whole process. */
  readonly blockCache: number;
  /** One memtable of one store; two at most are in memory. */
  readonly writeBuffer: number;
  /** Live objects of all stores of the slot. */
  readonly objects: number;
  /** Of these, what may have changed and not be written: what a barrier has to wait for. */
  readonly dirty: number;
  /** Timers of each domain. */
  readonly timers: number;
}

const MB = 1024 * 1024;
/** What RocksDB takes for each database, whatever it holds: locks of transactions, which we don't use. */
const DATABASE = 40 * MB;
/** A timer in memory, with its place in the queue. */
const TIMER_BYTES = 160;
/** Even without a cache, so much that has changed may wait while a snapshot is taken. */
const LEAST_DIRTY = 4 * MB;

/**
 * Splits the memory of a slot: a fifth for RocksDB's blocks, a quarter for its memtables (two of a store), and the rest, less what a database
 * takes in any case, for live objects, of which a third may wait to be written.
 */
export function splitMemory(total: number, cached: boolean): MemorySplit {
  const blockCache = total / 5;
  const writeBuffer = Math.min(64 * MB, Math.max(2 * MB, total / 8));
  const left = total - blockCache - 2 * writeBuffer;
  const objects = cached ? Math.max(left - DATABASE, left / 3) : 0;
  return {
    blockCache: cached ? blockCache : blockCache * 2,
    writeBuffer,
    objects,
    dirty: Math.max(LEAST_DIRTY, objects / 3),
    timers: Math.max(1024, Math.floor((cached ? total : total / 4) / 16 / TIMER_BYTES)),
  };
}
