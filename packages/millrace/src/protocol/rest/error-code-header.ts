/** The header of a refused request's answer that names the error's stable code. Stands apart from the schemas: clients load it without them. */
export const ERROR_CODE_HEADER = "x-millrace-code";
