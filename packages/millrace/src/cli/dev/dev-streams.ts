import type { StandardStreams } from "../../cluster/job-manager/job-master/standard-streams.ts";

const NEWLINE = 10;
/** The beginning of a line that is kept back at most, bytes. */
const MAX_KEPT = 1024 * 1024;

/** What waits for a chunk. */
type Reader = (bytes: Uint8Array | null) => void;

/**
 * Standard streams that outlive the jobs which use them one after the other.
 *
 * Standard input can't be read again: what one job has taken the next doesn't see. So it is handed out in whole lines, nothing while it is
 * held, and never to a job that has ended; what has come meanwhile waits for the next, which begins at the beginning of a line.
 */
export class DevStreams {
  readonly #inner: StandardStreams;
  readonly #lines: Uint8Array[] = [];
  #kept: Uint8Array = new Uint8Array(0);
  #reader: Reader | undefined;
  #pulling = false;
  #ended = false;
  #held = false;
  #taken = false;

  constructor(inner: StandardStreams) {
    this.#inner = inner;
  }

  /** Whether a job has read something of standard input. */
  get taken(): boolean {
    return this.#taken;
  }

  /** The streams of the next job; those of the one before are closed by then. */
  open(): StandardStreams {
    this.#held = false;
    let closed = false;
    return {
      write: (stream, bytes, written) => this.#inner.write(stream, bytes, written),
      read: (chunk) => {
        if (closed) return;
        this.#reader = chunk;
        this.#hand();
      },
      close: () => {
        closed = true;
        this.#reader = undefined;
      },
    };
  }

  /** Nothing more is handed out until the next `open`, or `release`. */
  hold(): void {
    this.#held = true;
  }

  /** The job at hand goes on. */
  release(): void {
    this.#held = false;
    this.#hand();
  }

  /** Nobody reads standard input any more. */
  close(): void {
    this.#reader = undefined;
    this.#inner.close();
  }

  #hand(): void {
    const reader = this.#reader;
    if (reader === undefined || this.#held) return;
    const lines = this.#lines.shift();
    if (lines === undefined && !this.#ended) {
      this.#pull();
      return;
    }
    this.#reader = undefined;
    this.#taken ||= lines !== undefined;
    reader(lines ?? null);
  }

  /** Reads on, for whoever wants it by then. One read at a time: it can't be taken back. */
  #pull(): void {
    if (this.#pulling) return;
    this.#pulling = true;
    this.#inner.read((bytes) => {
      this.#pulling = false;
      if (bytes === null) this.#end();
      else this.#take(bytes);
      this.#hand();
    });
  }

  #end(): void {
    this.#ended = true;
    if (this.#kept.length > 0) this.#lines.push(this.#kept);
    this.#kept = new Uint8Array(0);
  }

  #take(bytes: Uint8Array): void {
    const all = Buffer.concat([this.#kept, bytes]);
    const end = all.length > MAX_KEPT ? all.length : all.lastIndexOf(NEWLINE) + 1;
    if (end > 0) this.#lines.push(all.subarray(0, end));
    this.#kept = all.subarray(end);
  }
}
