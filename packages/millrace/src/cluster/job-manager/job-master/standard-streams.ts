/**
 * Standard input and output of the process, which belong to its main thread. Tasks reach them through their JobMaster, with
 * credit both ways, so that neither a slow terminal nor a fast pipe fills memory.
 */
export interface StandardStreams {
  /** Writes in order; calls `written` when the bytes have left. */
  write(stream: "stdout" | "stderr", bytes: Uint8Array, written: () => void): void;
  /** The next chunk of standard input, null at its end. One call at a time. */
  read(chunk: (bytes: Uint8Array | null) => void): void;
  /** Stops reading, so that the process can end. */
  close(): void;
}
