/**
 * Whether `value` is a plain object: made by a literal, `JSON.parse` or `Object.create(null)`, of this realm or another.
 * Instances of classes, Maps, Dates and arrays are not.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // Object.prototype of another realm (a vm context): the only prototype without one of its own that has this method.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf");
}

/** Whether `Object.prototype` answers to `name`, so that reading a field of this name needs an own-property check. */
export function isInheritedName(name: string): boolean {
  return name in Object.prototype;
}

/** The own field `name` of `object`; undefined when it has none, whatever its prototype has. */
export function ownField(object: object, name: string): unknown {
  return isInheritedName(name) && !Object.hasOwn(object, name)
    ? undefined
    : (object as Record<string, unknown>)[name];
}

/** Sets an own field, `__proto__` included, which an assignment would take for the prototype. */
export function setOwnField(object: object, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    (object as Record<string, unknown>)[name] = value;
  }
}

/** How the field `name` of the value at `path` is written: `user.tags`, `user["first name"]`. */
export function fieldPath(path: string, name: string): string {
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** What a value is, in a word or two, for messages about values that can't be carried. */
export function nameOfValue(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  if (isPlainObject(value)) return "an object";
  if (Array.isArray(value)) return "an array";
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an instance of a class";
}
