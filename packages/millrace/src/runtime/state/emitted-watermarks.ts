/**
 * The union list state in which operators keep the watermarks that they have emitted. Elements of subtasks that have finished may stay in it:
 * what they say is right for good.
 */
export const EMITTED_WATERMARKS = "~emitted-watermarks";
