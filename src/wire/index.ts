/**
 * Pure codecs: bytes to values and back. No I/O, no policy; each is fuzzed. Server, client and tests use the same
 * grammar. Output is built as wire strings, one byte in each char code.
 */
export { isHttpRequestLine } from './http-request.ts';
export * from './imap/index.ts';
export * from './pop3/index.ts';
export * from './smtp/index.ts';
