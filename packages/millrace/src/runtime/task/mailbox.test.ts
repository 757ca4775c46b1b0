import { describe, expect, it } from "vitest";
import { Mailbox } from "./mailbox.ts";

describe("Mailbox", () => {
  it("runs mails in order, wakes for each, and leaves those put in meanwhile for the next time", () => {
    let woken = 0;
    const mailbox = new Mailbox(() => woken++);
    const seen: string[] = [];
    mailbox.put(() => {
      seen.push("a");
      mailbox.put(() => seen.push("c"));
    });
    mailbox.put(() => seen.push("b"));
    mailbox.drain();
    expect(seen).toEqual(["a", "b"]);
    expect(mailbox.empty).toBe(false);
    mailbox.drain();
    expect(seen).toEqual(["a", "b", "c"]);
    expect(mailbox.empty).toBe(true);
    expect(woken).toBe(3);
  });

  it("loses nothing when a mail throws", () => {
    const mailbox = new Mailbox(() => {});
    const seen: number[] = [];
    mailbox.put(() => seen.push(1));
    mailbox.put(() => {
      throw new TypeError("mail");
    });
    mailbox.put(() => seen.push(2));
    expect(() => mailbox.drain()).toThrow("mail");
    mailbox.drain();
    expect(seen).toEqual([1, 2]);
  });

  it("forgets everything when cleared, also while it drains", () => {
    const mailbox = new Mailbox(() => {});
    const seen: number[] = [];
    mailbox.put(() => mailbox.clear());
    mailbox.put(() => seen.push(1));
    mailbox.drain();
    expect(seen).toEqual([]);
    expect(mailbox.empty).toBe(true);
  });
});
