/*
 * The entry of a slot's thread that can't be loaded.
 */
// oxlint-disable-next-line millrace/no-bare-error -- what the runtime of a thread throws is none of ours
throw new RangeError("no memory for the runtime");
