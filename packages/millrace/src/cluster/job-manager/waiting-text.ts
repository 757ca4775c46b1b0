/** Why a job waits: "waiting for 3 slots, 1 is free for it, 31 s of 300 s". Times in ms; a timeout of 0: for ever. */
export function waitingText(needed: number, free: number, waited: number, timeout: number): string {
  const until = timeout > 0 ? ` of ${seconds(timeout)}` : "";
  return `waiting for ${needed} slot${needed === 1 ? "" : "s"}, ${free} ${free === 1 ? "is" : "are"} free for it, ${seconds(waited)}${until}`;
}

const seconds = (ms: number): string => `${Math.floor(ms / 1000)} s`;
