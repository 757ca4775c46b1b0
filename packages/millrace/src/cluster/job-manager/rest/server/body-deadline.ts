import type { Clock, ClockTimer } from "../../../../common/clock/clock.ts";
import type { RestApp } from "./rest-app.ts";

/**
 * Ends connections whose request doesn't arrive as a whole in time. (The server's own timeout has to let uploads go on.)
 *
 * @param timeout ms, for routes that are no uploads; those have `config.upload`
 */
export function limitBodies(app: RestApp, clock: Clock, timeout: number): void {
  const timers = new WeakMap<object, ClockTimer>();
  app.addHook("onRequest", async (request) => {
    if (request.raw.complete || request.routeOptions.config.upload === true) return;
    timers.set(
      request.raw,
      clock.schedule(timeout, () => {
        if (!request.raw.complete) request.raw.destroy();
      }),
    );
  });
  const settle = async (request: { readonly raw: object }): Promise<void> =>
    timers.get(request.raw)?.cancel();
  app.addHook("preValidation", settle);
  app.addHook("onResponse", settle);
  app.addHook("onRequestAbort", settle);
}

declare module "fastify" {
  interface FastifyContextConfig {
    readonly upload?: boolean;
  }
}

/** Marks a route whose body is an upload, with limits of its own. */
export const UPLOAD = Object.freeze({ upload: true });
