/* Skips what it can't process. */
import { job } from "millrace";

export default job(import.meta, "skips", {}, (env) => {
  env
    .fromItems(["1", "2", "three", "4", "five"])
    .map((text): unknown => JSON.parse(text))
    .name("parse")
    .onPoisonRecord("skip")
    .print();
});
