/*
 * Preloaded into a process (`--import`) that is to die at a step of its own: kills it, by SIGKILL, before or after a file is renamed or
 * removed whose path matches. Works in its worker threads, too.
 */
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { DIE_AT, type Death } from "./death.ts";

const text = process.env[DIE_AT];
if (text !== undefined) {
  const { moment, step, path, nth } = JSON.parse(text) as Death;
  const pattern = new RegExp(path, "u");
  let seen = 0;
  const mortal = async (at: string, work: () => Promise<void>): Promise<void> => {
    const last = pattern.test(at) && ++seen === nth;
    if (last && moment === "before") process.kill(process.pid, "SIGKILL");
    await work();
    if (last) process.kill(process.pid, "SIGKILL");
  };
  const { rename, unlink } = fs;
  if (step === "rename") fs.rename = (from, to) => mortal(String(to), () => rename(from, to));
  else fs.unlink = (at) => mortal(String(at), () => unlink(at));
  syncBuiltinESMExports();
}
