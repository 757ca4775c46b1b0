import { createStateFiles } from "../../runtime/checkpoint/storage/create-state-files.ts";
import type { StateFiles } from "../../runtime/checkpoint/storage/state-files.ts";

/** Opens the files of checkpoints; nothing is written through it. */
export const readingFiles: StateFiles = createStateFiles({ directory: undefined, inlineThreshold: 0 });
