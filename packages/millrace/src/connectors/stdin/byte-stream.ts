/** What a ByteStream gives. */
export type StreamPiece =
  /** The next bytes. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** The input begins anew (a connection was made again): what was not complete before is void. */
  | { readonly kind: "anew" }
  | { readonly kind: "end" };

/** Input that comes once and can't be read again: standard input, a socket. */
export interface ByteStream {
  /** The next piece. Not called again before it has answered, nor after the end. */
  read(): Promise<StreamPiece>;
  /** Frees it; safe to call while a read is underway, which then need not answer. */
  close(): void;
}
