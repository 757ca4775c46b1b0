/* A user's function that throws, below another one, in a language that Node alone refuses. */
import { job } from "millrace";

enum Limit {
  Highest = 7,
}

function check(n: number): number {
  if (n >= Limit.Highest) throw new RangeError(`${n} is too high`);
  return n;
}

export default job(import.meta, "fails", {}, (env) => {
  env
    .fromSequence(1, 20)
    .map((n) => ({ n, checked: check(n) }))
    .name("check")
    .uid("check")
    .print();
});
