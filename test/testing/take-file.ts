import { existsSync, unlinkSync } from "node:fs";

/**
 * Removes a file, and says whether it was there. Of several threads that ask at the same moment only one is told yes, so that what waits
 * for the file happens once.
 */
export function takeFile(path: string): boolean {
  // To be asked for each record: an error takes much longer.
  if (!existsSync(path)) return false;
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
