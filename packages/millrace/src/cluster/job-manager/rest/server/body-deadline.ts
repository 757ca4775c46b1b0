import type { IncomingMessage } from "node:http";
import type { Clock, ClockTimer } from "../../../../common/clock/clock.ts";
import type { RestApp } from "./rest-app.ts";

/**
 * Ends connections whose request doesn't arrive as a whole in time. (The server's own timeout has to let uploads go on.) What is left of a
 * request that was answered before it had arrived is read and thrown away, for as long: clients that still send would not see the answer
 * otherwise.
 *
 * @param timeout ms, for routes that are no uploads; those have `config.upload`
 */
export function limitBodies(app: RestApp, clock: Clock, timeout: number): void {
  const timers = new WeakMap<IncomingMessage, ClockTimer>();
  const arm = (request: IncomingMessage): void => {
    timers.get(request)?.cancel();
    const timer = clock.schedule(timeout, () => {
      if (!request.complete) request.destroy();
    });
    timers.set(request, timer);
    request.once("close", () => timer.cancel());
  };
  app.addHook("onRequest", async ({ raw, routeOptions }) => {
    if (!raw.complete && routeOptions.config.upload !== true) arm(raw);
  });
  app.addHook("preValidation", async ({ raw }) => timers.get(raw)?.cancel());
  app.addHook("onResponse", async ({ raw }) => {
    timers.get(raw)?.cancel();
    if (!raw.complete && !raw.destroyed) arm(raw);
  });
}

declare module "fastify" {
  interface FastifyContextConfig {
    readonly upload?: boolean;
  }
}

/** Marks a route whose body is an upload, with limits of its own. */
export const UPLOAD = Object.freeze({ upload: true });
