import {
  createValueCodec,
  describeIssue,
  MillraceError,
  needsCheck,
  preview,
  typesEqual,
  validateValue,
  type TypeDescription,
  type TypeInfo,
  type ValueCodec,
} from "millrace/internal/state-backend";

/** How values of a state were written at some time: plain data, in snapshots. */
export interface Encoding {
  /** undefined: values describe themselves. */
  readonly type: TypeDescription | undefined;
  /** Whether a time stands before them. */
  readonly timed: boolean;
}

/** Encodings that one state may go through: the first byte of each row tells which it has. */
const MAX_ENCODINGS = 256;

/**
 * The values of one state as bytes. A state that was restored may hold rows of types that it had in earlier versions of its program: they
 * are read as they are met, and written anew as they change.
 */
export class ValueCodecs {
  readonly encodings: Encoding[];
  /** The encoding of what is written now. */
  readonly current: number;
  readonly #type: TypeInfo<unknown> | undefined;
  readonly #name: string;
  readonly #operator: string;
  readonly #writer: ValueCodec<unknown>;
  readonly #readers: (ValueCodec<unknown> | undefined)[] = [];

  /**
   * @param type as the program declares it now, or an opaque one while nobody has asked for the state
   * @param name the state's
   * @param operator `operator "count"`, for errors
   */
  constructor(
    type: TypeInfo<unknown> | undefined,
    timed: boolean,
    name: string,
    operator: string,
    earlier: readonly Encoding[] = [],
  ) {
    this.encodings = [...earlier];
    this.#type = type;
    this.#name = name;
    this.#operator = operator;
    this.#writer = createValueCodec(type, { unique: this.#where });
    this.current = this.add({ type: type?.description, timed });
  }

  /** Whether what is written now has a time. */
  get timed(): boolean {
    return this.encodings[this.current]!.timed;
  }

  /** The value's bytes. @throws RECORD_TYPE_MISMATCH naming state, key and path */
  encode(value: unknown, key: unknown): Uint8Array {
    try {
      return this.#writer.encode(value);
    } catch (error) {
      if (!MillraceError.is(error, "RECORD_TYPE_MISMATCH")) throw error;
      const { message, help, details } = error;
      throw new MillraceError(
        "RECORD_TYPE_MISMATCH",
        `state "${this.#name}" of key ${preview(key)} can't be written (${this.#operator}): ${message}`,
        { cause: error, details, ...(help === undefined ? {} : { help }) },
      );
    }
  }

  /** Whether a time stands before the values of an encoding. */
  isTimed(encoding: number): boolean {
    return this.encodings[encoding]?.timed ?? false;
  }

  /** A value in one of the encodings. Copies all that it keeps. @throws RESTORE_REFUSED where it does not fit a type declared since */
  decode(encoding: number, bytes: Uint8Array): unknown {
    const value = (this.#readers[encoding] ?? this.#reader(encoding)).decode(bytes);
    if (encoding !== this.current) this.#check(encoding, value);
    return value;
  }

  /** Adds an encoding that rows from elsewhere have; answers its number here. */
  add(encoding: Encoding): number {
    const known = this.encodings.findIndex((each) => sameEncoding(each, encoding));
    if (known >= 0) return known;
    if (this.encodings.length === MAX_ENCODINGS)
      throw new MillraceError("INTERNAL", `${this.#where} went through ${MAX_ENCODINGS} types`);
    return this.encodings.push(encoding) - 1;
  }

  /** A value that was decoded by others, of the same rows, as these decode it. */
  convert(value: unknown, from: ValueCodecs, key: unknown): unknown {
    return this.decode(this.add(from.encodings[from.current]!), from.encode(value, key));
  }

  get #where(): string {
    return `state "${this.#name}" of ${this.#operator}`;
  }

  #reader(encoding: number): ValueCodec<unknown> {
    const known = this.encodings[encoding];
    if (known === undefined)
      throw new MillraceError("INTERNAL", `a row of ${this.#where} has encoding ${encoding}`);
    const type: TypeInfo<unknown> | undefined = known.type && {
      "~millrace": "type",
      description: known.type,
      customs: this.#type?.customs ?? new Map(),
    };
    const reader = sameType(known.type, this.#type?.description)
      ? this.#writer
      : createValueCodec(type, { unique: `${this.#where}/${encoding}` });
    this.#readers[encoding] = reader;
    return reader;
  }

  /** Where a type is declared that was not when the value was written, it has to fit. */
  #check(encoding: number, value: unknown): void {
    if (this.#type === undefined || !needsCheck(this.encodings[encoding]!.type, this.#type.description))
      return;
    const [issue] = validateValue(this.#type, value);
    if (issue === undefined) return;
    throw new MillraceError("RESTORE_REFUSED", `${this.#where} can't be restored: ${describeIssue(issue)}`, {
      help: "A value that was stored does not fit the type that is declared now. Go back to the former type, or give the state another name to start it empty.",
      details: { path: issue.path },
    });
  }
}

function sameEncoding(a: Encoding, b: Encoding): boolean {
  return a.timed === b.timed && sameType(a.type, b.type);
}

function sameType(a: TypeDescription | undefined, b: TypeDescription | undefined): boolean {
  return a === undefined || b === undefined ? a === b : typesEqual(a, b);
}
