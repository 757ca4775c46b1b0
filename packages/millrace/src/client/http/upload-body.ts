import { randomBytes } from "node:crypto";

/** A file as the body of an upload: multipart/form-data with the one part `jarfile`. */
export function uploadBody(
  name: string,
  bytes: Uint8Array,
): { readonly contentType: string; readonly bytes: Uint8Array } {
  const boundary = `millrace-${randomBytes(16).toString("hex")}`;
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="jarfile"; filename="${name.replaceAll(/["\r\n\\]/gu, "_")}"\r\nContent-Type: text/javascript\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}
