/*
 * The entry of a slot's thread that can't be loaded.
 */
throw new RangeError("no memory for the runtime");
