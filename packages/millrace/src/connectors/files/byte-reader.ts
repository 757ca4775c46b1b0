/** Reads bytes of a file in order. */
export interface ByteReader {
  /**
   * The next bytes, behind `tail`, which came from this reader and was not used up; they begin with a copy of it. `last` says
   * that nothing follows. Not called again before it has answered, nor after `last`.
   */
  read(tail: Buffer): Promise<ReadBytes>;
  /** Frees the file; safe to call at any time, while a read is underway, too. */
  close(): void;
}

export interface ReadBytes {
  readonly bytes: Buffer;
  readonly last: boolean;
}

/** How many bytes are read at a time. */
export const READ_SIZE = 256 * 1024;

export const NO_BYTES: Buffer = Buffer.alloc(0);
