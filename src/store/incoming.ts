import { createHash, type Hash, hash as hashOnce } from 'node:crypto';
import {
  applyEdits,
  encodeStructure,
  hasBinaryLabel,
  MessageParser,
  type MessageProperties,
  parseMessage,
  planEncoding,
} from '#content';
import { assert, PosthornError } from '#kernel';
import type { Content, ContentBody } from '#model';
import type { Blobs, BlobWriter } from '#storage';
import { contentReader } from './content-reader.ts';

/** What of a text property is kept; longer ones are cut, the message itself is not. */
const SUBJECT_CHARS_MAX = 1000;
const MESSAGE_ID_CHARS_MAX = 1000;

/**
 * A header is kept in memory and goes to the database as one piece, so it is bounded; large mail systems take less. What is
 * longer is no header but a body without a blank line before it.
 */
const HEAD_BYTES_MAX = 1024 * 1024;

/** Parser, digest and blob of a message too large to be gathered in memory. */
interface Spill {
  readonly parser: MessageParser;
  readonly digest: Hash;
  readonly writer: BlobWriter;
  readonly head: Buffer[];
  gatheredBytes: number;
  headDone: boolean;
}

/** A message that is complete, with what was found in it. */
interface Gathered {
  readonly content: Content;
  readonly properties: MessageProperties;
}

/**
 * Collects the bytes of one message on its way into the store. A small message is gathered and read off in one go; a
 * large one is parsed, hashed and written to a blob as it comes, in constant memory. What is binary in it is encoded then,
 * which is the one change that is made to a message; it costs those a second way through that need it. Dispose without
 * `finish` leaves nothing behind.
 */
export class Incoming implements AsyncDisposable {
  readonly #blobs: Blobs;
  readonly #spillsFromBytes: number;
  #pieces: Uint8Array[] = [];
  #sizeBytes = 0;
  #spill: Spill | undefined;
  /** Of a blob that is complete its writer is kept, and nothing of what it was read with. */
  #finished: BlobWriter | undefined;
  #writing: Promise<void> | undefined;
  /** The message with its binary parts encoded, which is kept instead. */
  #encoded: Incoming | undefined;

  /** @param spillsFromBytes the size from which on it goes to a blob */
  constructor(blobs: Blobs, prefix: string, spillsFromBytes = blobs.thresholdBytes) {
    this.#blobs = blobs;
    this.#spillsFromBytes = spillsFromBytes;
    if (prefix !== '') {
      this.#pieces.push(Buffer.from(prefix, 'latin1'));
      this.#sizeBytes = prefix.length;
    }
  }

  /** Bytes so far, with the prefix. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Takes the next bytes. A promise means: await it before the next write. The chunk may not change afterwards.
   * @throws {disk-full}, {too-large} when the header is
   */
  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#sizeBytes += chunk.length;
    if (this.#spill === undefined) {
      this.#pieces.push(chunk);
      if (this.#sizeBytes < this.#spillsFromBytes) return undefined;
    }
    this.#writing = this.#spillOut(chunk);
    return this.#writing;
  }

  /** Ends the message. @throws {disk-full, unavailable} */
  async finish(): Promise<Content> {
    const { content, properties } = await this.#gather();
    if (!hasBinaryLabel(properties.structure)) return content;
    try {
      return await this.#encodeBinary(content, properties);
    } catch (error) {
      await this.#removeBlob();
      throw error;
    }
  }

  /** Removes what `finish` has made durable, when it will not be stored after all. */
  async discard(): Promise<void> {
    if (this.#encoded !== undefined) await this.#encoded.discard();
    else if (this.#finished !== undefined) await this.#blobs.remove(this.#finished.blob);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing?.catch(() => {});
    await (this.#finished ?? this.#spill?.writer)?.[Symbol.asyncDispose]();
    await this.#encoded?.[Symbol.asyncDispose]();
    this.#pieces = [];
  }

  /** RFC 9051 §4.3.1: NUL may not be sent in the literals that a message is fetched in. */
  async #encodeBinary(content: Content, { structure }: MessageProperties): Promise<Content> {
    const read = contentReader(content, this.#blobs);
    const edits = await planEncoding(structure, read);
    if (edits.length === 0) return content;
    const encoded = new Incoming(this.#blobs, '', this.#spillsFromBytes);
    this.#encoded = encoded;
    for await (const piece of applyEdits(content.sizeBytes, edits, read)) {
      const writing = encoded.write(piece);
      if (writing !== undefined) await writing;
    }
    const gathered = await encoded.#gather();
    await this.#removeBlob();
    return gathered.content;
  }

  /** Removes the blob of what is not kept; when that fails, the sweep of stray blobs finds it. */
  async #removeBlob(): Promise<void> {
    if (this.#finished !== undefined) await this.#blobs.remove(this.#finished.blob).catch(() => {});
  }

  async #gather(): Promise<Gathered> {
    await this.#writing;
    const spill = this.#spill;
    if (spill === undefined) return this.#finishInMemory();
    const properties = spill.parser.end();
    await spill.writer.finish();
    this.#finished = spill.writer;
    this.#spill = undefined;
    const head = Buffer.concat(spill.head);
    assert(head.length === properties.headBytes, 'the parser and the spill agree on the head');
    const body: ContentBody = {
      kind: 'blob',
      blob: spill.writer.blob,
      sizeBytes: this.#sizeBytes - head.length,
    };
    return { content: contentOf(properties, head, body, spill.digest.digest()), properties };
  }

  #finishInMemory(): Gathered {
    // In a buffer of its own, so that it can be handed to the writer's thread without a copy.
    const bytes = Buffer.allocUnsafeSlow(this.#sizeBytes);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    const properties = parseMessage(bytes);
    const { headBytes } = properties;
    const content = contentOf(
      properties,
      bytes.subarray(0, headBytes),
      { kind: 'bytes', bytes: bytes.subarray(headBytes) },
      hashOnce('sha256', bytes, 'buffer'),
    );
    return { content, properties };
  }

  async #spillOut(chunk: Uint8Array): Promise<void> {
    if (this.#spill !== undefined) {
      await this.#pass(this.#spill, chunk);
      return;
    }
    this.#spill = {
      parser: new MessageParser(),
      digest: createHash('sha256'),
      writer: await this.#blobs.create(),
      head: [],
      gatheredBytes: 0,
      headDone: false,
    };
    const pieces = this.#pieces;
    this.#pieces = [];
    for (const piece of pieces) await this.#pass(this.#spill, piece);
  }

  /** The head goes to the database and the body to the blob: cut where the parser saw the blank line. */
  async #pass(spill: Spill, chunk: Uint8Array): Promise<void> {
    spill.digest.update(chunk);
    spill.parser.push(chunk);
    if (spill.headDone) {
      await spill.writer.write(chunk);
      return;
    }
    const { headBytes } = spill.parser;
    if (headBytes === undefined) {
      spill.gatheredBytes += chunk.length;
      if (spill.gatheredBytes > HEAD_BYTES_MAX)
        throw new PosthornError('too-large', `a header of more than ${HEAD_BYTES_MAX} bytes`);
      spill.head.push(Buffer.from(chunk));
      return;
    }
    const missing = headBytes - spill.gatheredBytes;
    spill.head.push(Buffer.from(chunk.subarray(0, missing)));
    spill.headDone = true;
    if (missing < chunk.length) await spill.writer.write(chunk.subarray(missing));
  }
}

function contentOf(
  properties: MessageProperties,
  head: Uint8Array,
  body: ContentBody,
  hash: Uint8Array,
): Content {
  return {
    head,
    body,
    hash,
    sizeBytes: properties.sizeBytes,
    envelope: properties.envelope,
    bodyStructure: properties.bodyStructure,
    bodyShort: properties.body,
    structure: encodeStructure(properties.structure),
    preview: properties.preview,
    subject: properties.subject.slice(0, SUBJECT_CHARS_MAX).toWellFormed(),
    messageId: properties.messageId?.slice(0, MESSAGE_ID_CHARS_MAX),
    sentAtMs: properties.sentAtMs,
  };
}
