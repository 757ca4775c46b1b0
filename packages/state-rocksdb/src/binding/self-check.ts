import { RocksDb } from "../db/rocks-db.ts";
import { asSlice } from "../db/slice-buffer.ts";
import type { WorkingFolder } from "../local/working-folder.ts";
import type { NativeBinding } from "./native-binding.ts";

let checked = false;

/**
 * Writes a few rows and reads them back, each way that the stores do: the binding is used below its documented interface, so it is to be seen
 * once in each process that it does what is expected. Answers what does not work; undefined where all does.
 */
export function selfCheck(binding: NativeBinding, folder: WorkingFolder): string | undefined {
  if (checked) return undefined;
  const place = folder.create("self-check");
  try {
    const trouble = check(new RocksDb(binding, place.database(), { writeBufferSize: 1024 * 1024 }));
    checked = trouble === undefined;
    return trouble;
  } finally {
    place.remove();
  }
}

function check(db: RocksDb): string | undefined {
  try {
    const [a, b, long] = [slice("a"), slice("b"), slice("x".repeat(300_000))];
    db.put(a, slice("1"));
    db.put(b, long);
    db.put(slice("c"), slice("3"));
    db.remove(slice("c"));
    if (db.get(a) !== 1 || db.value[0] !== 0x31) return "a value that was written is not read back";
    if (db.get(slice("c")) !== -1) return "a value that was removed is still there";
    if (db.get(b) !== 300_000) return "a long value is not read back";
    const cursor = db.scan(Buffer.from("a"), Buffer.from("z"));
    db.put(slice("d"), slice("4"));
    const rows: string[] = [];
    while (cursor.next())
      rows.push(`${cursor.key.toString("latin1", 0, cursor.keyLength)}${cursor.valueLength}`);
    return rows.join() === "a1,b300000" ? undefined : `a walk over rows gives ${rows.join()}`;
  } finally {
    db.close();
  }
}

function slice(text: string): ReturnType<typeof asSlice> {
  // More than what counts, to see that no more is taken.
  const bytes = asSlice(Buffer.from(`${text}###`, "latin1"));
  bytes.end = text.length;
  return bytes;
}
