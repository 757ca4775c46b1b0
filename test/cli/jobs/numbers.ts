/* Doubles numbers; arguments of every kind. */
import { arg, job } from "millrace";

export default job(
  import.meta,
  "numbers",
  {
    description: "Doubles numbers",
    args: {
      upTo: arg.int().describe("the last number"),
      label: arg.string().default("n").describe("stands before each"),
      format: arg.oneOf("text", "json").default("text"),
      file: arg.path().optional(),
    },
  },
  (env, { upTo, label, format }) => {
    env
      .fromSequence(1, upTo)
      .map((n) => n * 2)
      .name("double")
      .uid("double")
      .map((n) => (format === "json" ? JSON.stringify({ [label]: n }) : `${label} ${n}`))
      .print();
  },
);
