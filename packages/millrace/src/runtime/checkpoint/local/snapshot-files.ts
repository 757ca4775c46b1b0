import { basename } from "node:path";
import type { StateBytes, TaskSnapshot } from "../../../protocol/control/snapshots.ts";

/** The names of all files in which a subtask's snapshot stands, those of earlier checkpoints among them, each once. */
export function snapshotFiles({ operators, channels }: TaskSnapshot): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (bytes: StateBytes | undefined): void => {
    if (bytes?.kind === "file") names.add(basename(bytes.path));
  };
  for (const { keyed, operatorState } of operators) {
    add(operatorState);
    if (keyed?.kind === "canonical") for (const part of keyed.parts) add(part);
    if (keyed?.kind === "native") {
      add(keyed.header);
      for (const { bytes } of keyed.files) add(bytes);
    }
  }
  for (const { bytes } of channels) add(bytes);
  return names;
}
