/** How an operator state is redistributed when it is restored. */
export type OperatorStateMode = "split" | "union" | "broadcast";
