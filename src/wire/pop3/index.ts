/**
 * POP3 as bytes: cutting input into lines, reading commands (RFC 1939, 2449, 2595, 5034, 6856), writing replies and
 * multi-line responses.
 */
export { type Pop3Command, type Pop3SyntaxError, parsePop3Command } from './command.ts';
export { Pop3LineReader, type Pop3LineResult } from './line-reader.ts';
export { encodeMultiline, MultilineEncoder } from './multiline.ts';
export { type Pop3ResponseCode, pop3Continue, pop3Err, pop3Ok } from './reply.ts';
export { TopCutter } from './top-cutter.ts';
