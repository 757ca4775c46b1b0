/** What a file writer hands over to be committed. Plain data: it stands in checkpoints. */
export type FileCommittable =
  /** A part that is complete: `temporary` becomes `path`. */
  | {
      readonly kind: "part";
      readonly temporary: string;
      readonly path: string;
      /** Bytes. */
      readonly size: number;
    }
  /** A predecessor's file whose content now stands in a part of its successor's. */
  | { readonly kind: "remove"; readonly path: string };

/** A part in progress as of a checkpoint: its first `size` bytes hold the records before it. Plain data. */
export interface FilePartState {
  readonly bucket: string;
  readonly temporary: string;
  /** What the part would have been named. */
  readonly path: string;
  readonly size: number;
}
