import type { SliceBuffer } from "../binding/native-binding.ts";

/** A fresh buffer of `size` bytes, of which the binding sees none yet. */
export function sliceBuffer(size: number): SliceBuffer {
  return asSlice(Buffer.allocUnsafeSlow(size));
}

/** Makes a Buffer one that the binding reads a part of. */
export function asSlice(buffer: Buffer): SliceBuffer {
  const slice = buffer as SliceBuffer;
  slice.start = 0;
  slice.end = 0;
  return slice;
}
