import { assert, PosthornError, randomId } from '#kernel';
import { isBlobName, nameOrFresh, THRESHOLD_BYTES } from './name.ts';
import type { Blobs, BlobWriter, StoredBlob } from './port.ts';
import { S3Client, type S3ClientOptions, S3Refusal, sha256 } from './s3/client.ts';
import type { HttpAnswer } from './s3/exchange.ts';
import type { Failure } from './s3/failure.ts';
import type { S3Location } from './s3/location.ts';
import { garbled, S3BlobWriter, SHA256_HEADER } from './s3/writer.ts';
import { parseXml, textOf, type XmlElement } from './s3/xml.ts';

export interface S3Options extends S3ClientOptions {
  /** Bodies of at least this size become blobs. */
  readonly thresholdBytes?: number;
  /** What one writer keeps in memory at most; S3 takes no smaller parts than 5 MiB. */
  readonly partBytes?: number;
  /** Objects or uploads that one request lists at most; S3 gives no more than 1,000. */
  readonly pageLength?: number;
}

const PART_BYTES_MIN = 5 * 1024 * 1024;

/**
 * Blobs as objects `PREFIX/abcdef…` of a bucket that several nodes share. An object appears when all of it is there: the store
 * puts it under its name at the end of the request that writes it or completes its upload, and answers when it is durable.
 */
export class S3Blobs implements Blobs {
  readonly thresholdBytes: number;
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #partBytes: number;
  readonly #pageLength: string;

  constructor(location: S3Location, options: S3Options = {}) {
    this.thresholdBytes = options.thresholdBytes ?? THRESHOLD_BYTES;
    this.#client = new S3Client(location, options);
    this.#prefix = location.prefix;
    this.#partBytes = options.partBytes ?? PART_BYTES_MIN;
    this.#pageLength = String(options.pageLength ?? 1000);
    assert(this.#partBytes >= PART_BYTES_MIN, 'S3 takes no parts so small');
  }

  /** Lists, writes and removes, since each may be forbidden on its own. */
  async verify(): Promise<void> {
    const refusedAs = 'configuration';
    const query = { 'list-type': '2', 'max-keys': '1', prefix: this.#prefix };
    await this.#client.send({ method: 'GET', query, expected: [200], refusedAs });
    // No blob has a name with a dot.
    const key = `${this.#prefix}verify.${randomId(16).toLowerCase()}`;
    await this.#client.send({ method: 'PUT', key, expected: [200], refusedAs });
    await this.#client.send({ method: 'DELETE', key, expected: [200, 204], refusedAs });
  }

  async create(given?: string): Promise<BlobWriter> {
    const blob = nameOrFresh(given);
    const fresh = given === undefined;
    const key = this.#prefix + blob;
    return new S3BlobWriter(this.#client, { blob, key, fresh, partBytes: this.#partBytes });
  }

  async read(blob: string, start: number, end: number): Promise<Buffer> {
    // A range cannot say "nothing".
    if (start === end) {
      if ((await this.size(blob)) === undefined) throw missing(blob);
      return Buffer.alloc(0);
    }
    try {
      const answer = await this.#client.send({
        method: 'GET',
        key: this.#prefix + blob,
        headers: { range: `bytes=${start}-${end - 1}` },
        expected: [200, 206],
        answerBytesMax: end - start,
        examine: (answer) => examineRange(answer, blob, start, end),
      });
      return answer.body;
    } catch (error) {
      if (!(error instanceof S3Refusal)) throw error;
      if (error.reason === 'NoSuchKey') throw missing(blob, error);
      if (error.reason === 'InvalidRange') throw shorter(blob, end, error);
      throw error;
    }
  }

  async size(blob: string): Promise<number | undefined> {
    const key = this.#prefix + blob;
    const { status, headers } = await this.#client.send({
      method: 'HEAD',
      key,
      expected: [200, 404],
      examine: ({ status, headers }) =>
        status === 404 || /^\d+$/.test(headers['content-length'] ?? '')
          ? undefined
          : garbled('it has no length'),
    });
    return status === 404 ? undefined : Number(headers['content-length']);
  }

  async remove(blob: string): Promise<void> {
    try {
      const key = this.#prefix + blob;
      await this.#client.send({ method: 'DELETE', key, expected: [200, 204] });
    } catch (error) {
      if (!(error instanceof S3Refusal && error.reason === 'NoSuchKey')) throw error;
    }
  }

  async *list(): AsyncIterable<StoredBlob> {
    const query = { 'list-type': '2', prefix: this.#prefix, 'max-keys': this.#pageLength };
    for await (const page of this.#pages(query, 'ListBucketResult', LISTED))
      for (const found of page.children) {
        if (found.name !== 'Contents') continue;
        const blob = this.#blobOf(textOf(found, 'Key'));
        if (blob === undefined) continue;
        const sizeBytes = Number(textOf(found, 'Size'));
        yield { blob, sizeBytes, finishedAtMs: Date.parse(textOf(found, 'LastModified')) };
      }
  }

  /** Aborts uploads that were begun before a time. Stores that list none (MinIO does for a whole key only) clear up themselves. */
  async removeUnfinished(untouchedSinceMs: number): Promise<void> {
    const query = { uploads: '', prefix: this.#prefix, 'max-uploads': this.#pageLength };
    for await (const page of this.#pages(query, 'ListMultipartUploadsResult', UPLOADS))
      for (const found of page.children) {
        if (found.name !== 'Upload') continue;
        const blob = this.#blobOf(textOf(found, 'Key'));
        const beganAtMs = Date.parse(textOf(found, 'Initiated'));
        if (blob === undefined || !(beganAtMs < untouchedSinceMs)) continue;
        const uploadId = textOf(found, 'UploadId');
        const key = this.#prefix + blob;
        const expected = [200, 204, 404];
        await this.#client.send({ method: 'DELETE', key, query: { uploadId }, expected });
      }
  }

  /** The pages of a listing. @throws {unavailable} when one leads nowhere. */
  async *#pages(
    query: Readonly<Record<string, string>>,
    root: string,
    markers: Readonly<Record<string, string>>,
  ): AsyncIterable<XmlElement> {
    let from: Record<string, string> = {};
    for (;;) {
      const page = await this.#page({ ...query, ...from }, root);
      yield page;
      if (textOf(page, 'IsTruncated') !== 'true') return;
      const next: Record<string, string> = {};
      for (const [parameter, element] of Object.entries(markers))
        next[parameter] = textOf(page, element);
      if (JSON.stringify(next) === JSON.stringify(from) || Object.values(next)[0] === '')
        throw new PosthornError('unavailable', 'S3 lists the same page again and again');
      from = next;
    }
  }

  async #page(query: Readonly<Record<string, string>>, root: string): Promise<XmlElement> {
    let page: XmlElement | undefined;
    const examine = ({ body }: HttpAnswer): Failure | undefined => {
      page = parseXml(body.toString());
      return page?.name === root ? undefined : garbled(`it is not a ${root}`);
    };
    await this.#client.send({ method: 'GET', query, expected: [200], examine });
    return page!;
  }

  /** Undefined for an object that is not one of the blobs. */
  #blobOf(key: string): string | undefined {
    const name = key.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : '';
    return isBlobName(name) ? name : undefined;
  }
}

/** Which element of a page gives which parameter of the next request; the first is always needed. */
const LISTED = { 'continuation-token': 'NextContinuationToken' };
const UPLOADS = { 'key-marker': 'NextKeyMarker', 'upload-id-marker': 'NextUploadIdMarker' };

/** Holds an answer against what was asked: exactly that range, all of it, and undamaged where a digest is known. */
function examineRange(
  answer: HttpAnswer,
  blob: string,
  start: number,
  end: number,
): Failure | undefined {
  const { status, headers, body } = answer;
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '');
  // A store may answer with all of it when all of it was asked for.
  const total = status === 206 ? Number(range?.[3]) : body.length;
  const last = status === 206 ? Number(range?.[2]) : body.length - 1;
  const first = status === 206 ? Number(range?.[1]) : 0;
  if (total < end) {
    const { code, message } = shorter(blob, end);
    return { code, message, passing: false, reason: '' };
  }
  if (first !== start || last !== end - 1 || body.length !== end - start)
    return garbled(`bytes ${first}-${last}, ${body.length} of them`);
  const digest = headers[SHA256_HEADER];
  if (start > 0 || end < total || digest === undefined || digest === sha256(body)) return undefined;
  const message = `blob ${blob} does not have the digest it was written with`;
  return { code: 'corrupt', message, passing: true, reason: '' };
}

function missing(blob: string, cause?: unknown): PosthornError {
  return new PosthornError('corrupt', `blob ${blob} is missing`, { cause });
}

function shorter(blob: string, end: number, cause?: unknown): PosthornError {
  return new PosthornError('corrupt', `blob ${blob} is shorter than ${end} bytes`, { cause });
}
