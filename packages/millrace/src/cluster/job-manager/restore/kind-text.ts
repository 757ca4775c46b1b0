/** An operator's kind as part of a sentence. @example `kindText("keyedProcess")` is "a keyedProcess operator" */
export function kindText(kind: string): string {
  if (kind === "source" || kind === "sink") return `a ${kind}`;
  return `${/^[aeio]/u.test(kind) ? "an" : "a"} ${kind} operator`;
}
