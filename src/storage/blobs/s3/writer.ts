import { assert, PosthornError, randomId } from '#kernel';
import type { BlobWriter } from '../port.ts';
import { type S3Client, S3Refusal, sha256 } from './client.ts';
import type { HttpAnswer } from './exchange.ts';
import { type Failure, failureOf } from './failure.ts';
import { escapeXml, parseXml, textOf } from './xml.ts';

/** Digest of an object that was written in one piece. */
export const SHA256_HEADER = 'x-amz-meta-posthorn-sha256';
/** Tells one writing of a name from another. */
const WRITING_HEADER = 'x-amz-meta-posthorn-writing';

const PARTS_MAX = 10_000;
const BUFFER_BYTES_FIRST = 512 * 1024;
/** What need not succeed now is left to `removeUnfinished` and the sweep of stray blobs when it does not at once. */
const TIDY_ATTEMPTS = 2;

export interface S3WriterOptions {
  readonly blob: string;
  readonly key: string;
  /** Whether the name was made for this blob, so that nothing else can be there under it. */
  readonly fresh: boolean;
  readonly partBytes: number;
}

/**
 * Writes one object. Up to the size of a part it is gathered and put in one request; beyond, each part goes out when it is
 * full, as a multipart upload, and the object appears when that is completed.
 */
export class S3BlobWriter implements BlobWriter {
  readonly blob: string;
  readonly #client: S3Client;
  readonly #options: S3WriterOptions;
  readonly #writing = randomId(26);
  #buffer = Buffer.alloc(0);
  #used = 0;
  #sizeBytes = 0;
  #uploadId: string | undefined;
  readonly #etags: string[] = [];
  /** `published`: the store was asked for the object under its name and may have it. */
  #state: 'open' | 'broken' | 'published' | 'finished' | 'disposed' = 'open';

  constructor(client: S3Client, options: S3WriterOptions) {
    this.blob = options.blob;
    this.#client = client;
    this.#options = options;
  }

  async write(bytes: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'a blob is written before it is finished');
    // Only set back when all went well: after a failure nothing more can be written or finished.
    this.#state = 'broken';
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === this.#options.partBytes) await this.#sendPart();
      at += this.#take(bytes.subarray(at));
    }
    this.#sizeBytes += bytes.length;
    this.#state = 'open';
  }

  async finish(): Promise<void> {
    assert(this.#state === 'open', 'a blob is finished once, and only when all of it was written');
    this.#state = 'broken';
    if (this.#uploadId === undefined) await this.#put();
    else {
      if (this.#used > 0) await this.#sendPart();
      await this.#complete(this.#uploadId);
    }
    this.#state = 'finished';
    this.#buffer = Buffer.alloc(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const state = this.#state;
    this.#state = 'disposed';
    this.#buffer = Buffer.alloc(0);
    if (state === 'finished' || state === 'disposed') return;
    const { key, fresh } = this.#options;
    if (this.#uploadId !== undefined) await this.#tidy(key, { uploadId: this.#uploadId });
    // The answer may have been lost, not the object. What had a given name before is not ours to remove.
    if (state === 'published' && fresh) await this.#tidy(key, {});
  }

  async #tidy(key: string, query: Readonly<Record<string, string>>): Promise<void> {
    const expected = [200, 204, 404];
    const request = { method: 'DELETE', key, query, expected, attemptsMax: TIDY_ATTEMPTS } as const;
    await this.#client.send(request).catch(() => {});
  }

  /** Copies what still fits into the part; the caller's bytes may change later. */
  #take(bytes: Uint8Array): number {
    const { partBytes } = this.#options;
    const taken = bytes.subarray(0, partBytes - this.#used);
    const needed = this.#used + taken.length;
    if (needed > this.#buffer.length) {
      const room = Math.max(needed, this.#buffer.length * 2, BUFFER_BYTES_FIRST);
      const larger = Buffer.allocUnsafe(Math.min(partBytes, room));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#buffer.set(taken, this.#used);
    this.#used = needed;
    return taken.length;
  }

  async #put(): Promise<void> {
    const body = this.#buffer.subarray(0, this.#used);
    const headers = { [SHA256_HEADER]: sha256(body), [WRITING_HEADER]: this.#writing };
    const { key } = this.#options;
    this.#state = 'published';
    await this.#client.send({ method: 'PUT', key, headers, body, expected: [200] });
  }

  async #sendPart(): Promise<void> {
    const { key } = this.#options;
    if (this.#etags.length === PARTS_MAX)
      throw new PosthornError('too-large', `blob ${this.blob} has more than ${PARTS_MAX} parts`);
    // Asked twice because an answer was lost, an upload stays that nobody knows of: `removeUnfinished` finds it.
    this.#uploadId ??= await this.#beginUpload();
    const partNumber = String(this.#etags.length + 1);
    const { headers } = await this.#client.send({
      method: 'PUT',
      key,
      query: { partNumber, uploadId: this.#uploadId },
      body: this.#buffer.subarray(0, this.#used),
      expected: [200],
      examine: ({ headers }) =>
        headers.etag === undefined ? garbled('it has no ETag') : undefined,
    });
    this.#etags.push(headers.etag!);
    this.#used = 0;
  }

  async #beginUpload(): Promise<string> {
    let uploadId = '';
    await this.#client.send({
      method: 'POST',
      key: this.#options.key,
      query: { uploads: '' },
      headers: { [WRITING_HEADER]: this.#writing },
      expected: [200],
      examine: ({ body }) => {
        const answer = parseXml(body.toString());
        uploadId = answer === undefined ? '' : textOf(answer, 'UploadId');
        return uploadId === '' ? garbled('it has no UploadId') : undefined;
      },
    });
    return uploadId;
  }

  async #complete(uploadId: string): Promise<void> {
    const parts = this.#etags.map(
      (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    );
    const text = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</CompleteMultipartUpload>`;
    this.#state = 'published';
    try {
      await this.#client.send({
        method: 'POST',
        key: this.#options.key,
        query: { uploadId },
        body: Buffer.from(text),
        expected: [200],
        examine: examineCompletion,
      });
    } catch (error) {
      // The upload is gone when it was completed and only the answer to that was lost.
      if (!(error instanceof S3Refusal && error.reason === 'NoSuchUpload')) throw error;
      if (!(await this.#isThere())) throw error;
    }
  }

  async #isThere(): Promise<boolean> {
    const { key } = this.#options;
    const found = await this.#client.send({ method: 'HEAD', key, expected: [200, 404] });
    return (
      found.status === 200 &&
      found.headers[WRITING_HEADER] === this.#writing &&
      Number(found.headers['content-length']) === this.#sizeBytes
    );
  }
}

/** The store says 200 before it begins to put the parts together; how that went stands in the body. */
function examineCompletion(answer: HttpAnswer): Failure | undefined {
  const root = parseXml(answer.body.toString());
  if (root?.name === 'CompleteMultipartUploadResult') return undefined;
  if (root?.name !== 'Error') return garbled('it does not say whether the upload is complete');
  return failureOf(answer, 0, 'unavailable');
}

/** An answer that cannot be what the store said. */
export function garbled(what: string): Failure {
  const message = `the answer is not what S3 says: ${what}`;
  return { code: 'unavailable', message, passing: true, reason: '' };
}
