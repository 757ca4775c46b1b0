import { crc32 } from "node:zlib";

/** Makes the checksum of a container's header right again after it was changed. */
export function crcOfHeader(bytes: Uint8Array): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(12, crc32(bytes.subarray(0, 12)), true);
}
