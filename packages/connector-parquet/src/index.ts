export { parquetSource, type ParquetSource, type ParquetSourceOptions } from "./parquet-source.ts";
export type { ParquetSplit } from "./parquet-split.ts";
