/*
 * What stands for a service in another process: it answers after a while, one time in three not at first, and never for
 * customers that it doesn't know. What it does depends on nothing but what it was asked, so that runs can be compared.
 */

export interface Customer {
  readonly name: string;
  readonly country: string;
}

/** The service can't answer now; asked again, it may. */
export class ServiceUnavailable extends Error {
  override readonly name = "ServiceUnavailable";
}

const NAMES = ["Ada", "Bob", "Cleo", "Dan", "Eve", "Fred", "Gus", "Hal", "Ida", "Jon", "Kit", "Liv"] as const;
const COUNTRIES = ["CH", "DE", "FR", "IT"] as const;

/** How often each customer was asked for. */
const asked = new Map<number, number>();

/**
 * Looks a customer up; undefined where there is none.
 *
 * @param signal ends the wait
 * @throws ServiceUnavailable the first two times for every third customer
 */
export async function lookUpCustomer(id: number, signal: AbortSignal): Promise<Customer | undefined> {
  const times = (asked.get(id) ?? 0) + 1;
  asked.set(id, times);
  await delay(1 + ((id * 7) % 5), signal);
  if (id % 3 === 0 && times <= 2) throw new ServiceUnavailable(`503 for customer ${id}, time ${times}`);
  const name = NAMES[id];
  return name === undefined ? undefined : { name, country: COUNTRIES[id % COUNTRIES.length]! };
}

const delay = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
