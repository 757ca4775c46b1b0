const RANDOM_BYTES = 12;
const MAX_LABEL = 60;

/** What names of files of state look like: a label, and random digits that no other file has. */
export const STATE_FILE_NAME = /^[\w.-]{1,60}-[0-9a-f]{24}$/u;

/** A file name that nobody uses: the label made fit for a name, then 96 random bits. @example "count-3-5fd0..." */
export function uniqueName(label: string, randomBytes: (count: number) => Uint8Array): string {
  const fit = label.replaceAll(/[^\w.-]+/gu, "_").slice(0, MAX_LABEL);
  return `${fit === "" ? "state" : fit}-${hexDigits(randomBytes(RANDOM_BYTES))}`;
}

/** Bytes as lowercase digits. */
export function hexDigits(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The label in a name that `uniqueName` made; of another name all of it. */
export function labelOf(name: string): string {
  return name.replace(/-[0-9a-f]{24}$/u, "");
}
