/** Views of a whole ArrayBuffer, made once for all blocks in it. Positions count from the start of the ArrayBuffer. */
export class TargetBuffer {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));

  attach({ buffer }: Uint8Array): void {
    if (this.view.buffer === buffer) return;
    this.bytes = Buffer.from(buffer, 0, buffer.byteLength);
    this.view = new DataView(buffer);
  }
}
