/**
 * What a collect sink sends at a checkpoint, in the place of a batch and with a count of 0: all that it sent before belongs to that checkpoint,
 * so that its client is given each record once, although the job may go back to a checkpoint.
 *
 * @example `context.sendToClient(channel, collectMark(checkpointId), 0)`
 */
export function collectMark(checkpointId: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, checkpointId, true);
  return bytes;
}

/** The checkpoint of a mark. */
export const checkpointOfMark = (mark: Uint8Array): number =>
  new DataView(mark.buffer, mark.byteOffset, mark.byteLength).getFloat64(0, true);
