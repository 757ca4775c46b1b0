import { describe, expect, it } from "vitest";
import { Cell, type CellOwner } from "./cell.ts";
import { WriteBack } from "./write-back.ts";

const LIMIT = 1000;

/** An owner that notes what is written. */
class Owner implements CellOwner {
  readonly written: unknown[] = [];
  droppedIn = 0;
  current: Cell | undefined;
  broken = false;

  write(cell: Cell): void {
    if (this.broken) throw new RangeError("can't be written");
    this.written.push(cell.key);
  }

  isCurrent(cell: Cell): boolean {
    return cell === this.current;
  }

  cell(key: number, bytes = 1): Cell {
    const cell = new Cell(this, key, key, "");
    cell.bytes = bytes;
    return cell;
  }

  take(): unknown[] {
    return this.written.splice(0);
  }
}

describe("WriteBack", () => {
  it("writes the state of the barrier before it changes, and holds what comes after", () => {
    const [writeBack, owner] = [new WriteBack(LIMIT), new Owner()];
    const [a, b, c] = [1, 2, 3].map((key) => owner.cell(key));
    writeBack.change(a!);
    writeBack.change(b!);
    expect(owner.take()).toEqual([]);
    writeBack.begin();
    writeBack.change(b!);
    writeBack.change(b!);
    writeBack.change(c!);
    expect(owner.take()).toEqual([2]);
    expect([a, b, c].map((cell) => writeBack.mayWrite(cell!))).toEqual([true, false, false]);
    expect(writeBack.flush(10)).toBe(true);
    expect(owner.take()).toEqual([1]);
    expect(writeBack.mayWrite(b!)).toBe(false);
    writeBack.release();
    expect(writeBack.mayWrite(b!)).toBe(true);
    writeBack.begin();
    expect(writeBack.flush(1)).toBe(false);
    expect(writeBack.flush(10)).toBe(true);
    expect(owner.take()).toEqual([2, 3]);
  });

  it("gives what a snapshot that was given up has not written to the next one", () => {
    const [writeBack, owner] = [new WriteBack(LIMIT), new Owner()];
    const [a, b] = [owner.cell(1), owner.cell(2)];
    writeBack.change(a);
    writeBack.change(b);
    writeBack.begin();
    writeBack.release();
    writeBack.change(b);
    expect(owner.take()).toEqual([]);
    writeBack.begin();
    while (!writeBack.flush(1));
    expect(new Set(owner.take())).toEqual(new Set([1, 2]));
  });

  it("writes the oldest when more has changed than may wait, but not what is in use", () => {
    const [writeBack, owner] = [new WriteBack(LIMIT), new Owner()];
    owner.current = owner.cell(0, 300);
    writeBack.change(owner.current);
    for (let key = 1; key < 10; key++) writeBack.change(owner.cell(key, 300));
    expect(owner.take()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(writeBack.dirtyBytes).toBeLessThanOrEqual(LIMIT);
  });

  it("asks for the waiting to be ended when too much has changed since the barrier", () => {
    const [writeBack, owner] = [new WriteBack(LIMIT), new Owner()];
    let asked = 0;
    writeBack.begin();
    writeBack.onTooMuch = () => {
      asked++;
      writeBack.release();
    };
    for (let key = 0; key < 5; key++) writeBack.change(owner.cell(key, 300));
    expect(asked).toBe(1);
  });

  it("keeps a cell that can't be written, and tells", () => {
    const [writeBack, owner] = [new WriteBack(LIMIT), new Owner()];
    writeBack.change(owner.cell(1));
    writeBack.begin();
    owner.broken = true;
    expect(() => writeBack.flush(1)).toThrowError(RangeError);
    writeBack.release();
    owner.broken = false;
    writeBack.begin();
    expect(writeBack.flush(5)).toBe(true);
    expect(owner.take()).toEqual([1]);
  });

  it("writes nothing of what was dropped, unless a snapshot waits for it", () => {
    const [writeBack, owner, other] = [new WriteBack(LIMIT), new Owner(), new Owner()];
    writeBack.change(owner.cell(1));
    writeBack.change(other.cell(2));
    owner.droppedIn = writeBack.epoch;
    writeBack.begin();
    other.droppedIn = writeBack.epoch;
    expect(writeBack.flush(5)).toBe(true);
    expect([owner.take(), other.take()]).toEqual([[], [2]]);
  });

  it("holds on to nothing that was written to be evicted", () => {
    const [writeBack, owner] = [new WriteBack(1e9), new Owner()];
    const hot = owner.cell(-1);
    writeBack.change(hot);
    for (let key = 0; key < 100_000; key++) {
      const cell = owner.cell(key);
      writeBack.change(cell);
      writeBack.write(cell);
    }
    expect(writeBack.queued).toBeLessThan(10_000);
    expect(writeBack.dirtyCells).toBe(1);
  });
});
