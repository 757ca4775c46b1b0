import fc from "fast-check";

/*
 * Properties are drawn from one seed, so that a run of the suite repeats the one before it: what fails, fails for everybody.
 * `MILLRACE_SEED=random npm test` draws new cases, and a number draws those of a failure that was reported.
 */
const wanted = process.env["MILLRACE_SEED"];
if (wanted !== "random") fc.configureGlobal({ seed: wanted === undefined ? 20_261_122 : Number(wanted) });
