/**
 * The records of a stream on their way to the program that runs the job. Can be walked once; the job waits while nobody takes
 * them, so nothing piles up and nothing is lost. Leaving the loop early cancels the job that `executeAndCollect` started.
 *
 * @example
 * ```ts
 * for await (const count of counts.executeAndCollect()) console.log(count);
 * ```
 */
export interface CollectedRecords<T> extends AsyncIterable<T>, AsyncDisposable {
  /**
   * All records, when the job has ended. Only for bounded jobs whose results fit the memory.
   *
   * @param limit stops the job after so many records; default no limit
   * @throws MillraceError what failed the job; STATE_MISUSE when the records were walked before
   * @example `expect(await counts.executeAndCollect().toArray()).toEqual([1, 2, 3])`
   */
  toArray(limit?: number): Promise<T[]>;
}
