/** A length of time in milliseconds. Plain numbers are accepted wherever a Duration is. */
export type Duration = number;

/** `n` milliseconds. @example `milliseconds(5)` is 5 */
export const milliseconds = (n: number): Duration => n;
/** `n` seconds in milliseconds. @example `seconds(5)` is 5000 */
export const seconds = (n: number): Duration => n * 1000;
/** `n` minutes in milliseconds. @example `minutes(5)` is 300000 */
export const minutes = (n: number): Duration => n * 60_000;
/** `n` hours in milliseconds. @example `hours(24)` is a day */
export const hours = (n: number): Duration => n * 3_600_000;
/** `n` days of 24 hours in milliseconds. */
export const days = (n: number): Duration => n * 86_400_000;
