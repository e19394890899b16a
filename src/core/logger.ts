/** The part of pino's interface the rooms use: an object of fields, then a message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** For library users who pass no logger, and for tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
