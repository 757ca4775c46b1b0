/** What a file writer hands over to be committed. Plain data: it stands in checkpoints. */
export type FileCommittable =
  /** A part that is complete: `temporary` becomes `path`. */
  | {
      readonly kind: "part";
      readonly temporary: string;
      readonly path: string;
      /** Bytes. */
      readonly size: number;
      readonly job: string;
      readonly attempt: number;
    }
  /** A predecessor's file whose content now stands in a part of its successor's. */
  | { readonly kind: "remove"; readonly path: string }
  /** What earlier attempts of the job have left behind, of the subtasks that fall to this one. */
  | {
      readonly kind: "sweep";
      readonly root: string;
      readonly prefix: string;
      /** Of the job's sink, as in the names of parts. */
      readonly mark: string;
      /** Attempts before this one are over. */
      readonly attempt: number;
      readonly subtask: number;
      readonly parallelism: number;
    };

/** A part in progress as of a checkpoint: its first `size` bytes hold the records before it. Plain data. */
export interface FilePartState {
  readonly bucket: string;
  readonly temporary: string;
  /** What the part would have been named. */
  readonly path: string;
  readonly size: number;
  /** The job that wrote it. */
  readonly job: string;
}
