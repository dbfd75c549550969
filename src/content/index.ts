/**
 * Content conversion: what is inside a message. Pure functions over bytes.
 *
 * A message's bytes are kept as they came, but for binary parts ({@link planEncoding}); this room tells what they mean.
 * {@link MessageParser} reads a message once, in chunks as they arrive, and gives its {@link MessageProperties}: sizes,
 * the MIME structure as a tree of offsets ({@link Part}: no content is copied), ENVELOPE, BODY and BODYSTRUCTURE ready to
 * be sent, a preview, and the decoded fields that lists, SORT, THREAD and SEARCH want. The structure is kept as compact
 * text ({@link encodeStructure}), so that BODY[1.2] later needs {@link findPart} and a byte range, no parsing.
 *
 * Strings are of two kinds. Wire strings hold one byte a character and go out as 'latin1': raw header values,
 * renderings, everything in a Part. Decoded strings are Unicode: subject, from, preview, addresses.
 *
 * Nothing here throws on bad mail: what is malformed becomes text/plain, opaque data, or stays as it is. Depth, parts,
 * headers and lines are bounded (see message-parser.ts), and every function is linear in its input.
 */
export {
  type Address,
  type AddressGroup,
  mailboxesOf,
  parseAddressList,
} from './address.ts';
export { type BaseSubject, baseSubject, readBaseSubject } from './base-subject.ts';
export { applyEdits, hasBinaryLabel, type PieceReader, planEncoding } from './binary-parts.ts';
export { renderBody } from './body-structure.ts';
export { decodeCharset, decodeWire, encodeWire } from './charset.ts';
export { formatDate, parseDate } from './date.ts';
export { decodeHeader } from './encoded-word.ts';
export { type EnvelopeAddress, EnvelopeReader } from './envelope-reader.ts';
export { type HeaderField, headerLines, readHeader } from './header.ts';
export { headerFields } from './header-fields.ts';
export { htmlToText } from './html-text.ts';
export { parseMessageId, parseMessageIds } from './identification.ts';
export { MessageParser } from './message-parser.ts';
export { type Disposition, type Parameter, parameterValue } from './parameters.ts';
export { parseMessage } from './parse-message.ts';
export { embeddedMessage, findPart, isMultipart, leafParts, type Part } from './part.ts';
export type { MessageProperties } from './properties.ts';
export {
  type RangeReader,
  searchableHeader,
  searchableText,
} from './searchable-text.ts';
export { decodeStructure, encodeStructure } from './structure-text.ts';
export { readThreadIds, type ThreadIds, threadIds } from './thread-ids.ts';
export { type ReceivedTrace, receivedField, returnPathField } from './trace.ts';
export { decodeTransfer, isKnownEncoding, TransferDecoder } from './transfer-encoding.ts';
export { collationKey, foldForSearch } from './unicode-casemap.ts';
