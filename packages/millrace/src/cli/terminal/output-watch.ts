/**
 * Notices that nobody reads standard output any more (`millrace run job.ts | head`). That is no failure of ours, and nothing to talk about:
 * whoever writes it just stops.
 */
export class OutputWatch {
  closed = false;
  /** Called once, when it was closed. */
  onClosed: () => void;

  constructor(output: NodeJS.WriteStream, onClosed: () => void) {
    this.onClosed = onClosed;
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error;
      if (this.closed) return;
      this.closed = true;
      this.onClosed();
    });
  }
}
