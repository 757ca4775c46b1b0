import type { StandardStreams } from "millrace";

/** Standard streams that keep what is written. */
export class CapturedStreams implements StandardStreams {
  stdout = "";
  stderr = "";

  write(stream: "stdout" | "stderr", bytes: Uint8Array, written: () => void): void {
    this[stream] += new TextDecoder().decode(bytes);
    setImmediate(written);
  }

  read(chunk: (bytes: Uint8Array | null) => void): void {
    chunk(null);
  }

  close(): void {}
}
