/** SMTP: commands and their parameters, replies, mail data by DATA and by BDAT; for servers, clients and tests. */
export { ChunkDecoder } from './chunk-decoder.ts';
export {
  type AuthCommand,
  type BdatCommand,
  type CommandLine,
  decodeSaslResponse,
  INTERNATIONAL_ADDRESS,
  type MailCommand,
  parseAuth,
  parseBdat,
  parseCommandLine,
  parseHello,
  parseMail,
  parseRcpt,
  type RcptCommand,
} from './command.ts';
export { DotDecoder } from './dot-decoder.ts';
export { DotEncoder } from './dot-encoder.ts';
export { isFault, type SmtpFault } from './fault.ts';
export { LineEnds } from './line-ends.ts';
export { type LineFault, LineReader } from './line-reader.ts';
export type { MailParameters, RcptParameters } from './parameters.ts';
export { formatReply, ReplyReader, type SmtpReply } from './reply.ts';
export { decodeUtf8Address, decodeXtext, encodeUtf8Address, encodeXtext } from './xtext.ts';
