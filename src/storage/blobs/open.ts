import { PosthornError } from '#kernel';
import { FileBlobs } from './files.ts';
import type { Blobs } from './port.ts';
import { parseS3Location, type S3Credentials } from './s3/location.ts';
import { S3Blobs } from './s3.ts';

export interface OpenBlobsOptions {
  /** For an S3 store whose URL has none. */
  readonly credentials?: S3Credentials;
  /** Bodies of at least this size become blobs. */
  readonly thresholdBytes?: number;
}

/**
 * Opens the blob store that a configuration names: a directory by its path, or an S3-compatible store by an URL
 * (`parseS3Location` has its form). Connects to nothing yet: `verify` does. @throws {configuration}
 */
export function openBlobs(spec: string, options: OpenBlobsOptions = {}): Blobs {
  const { credentials, thresholdBytes } = options;
  if (/^s3:/i.test(spec)) {
    const location = parseS3Location(spec, credentials);
    return new S3Blobs(location, thresholdBytes === undefined ? {} : { thresholdBytes });
  }
  if (spec === '' || /^[a-z][a-z0-9+.-]+:\/\//i.test(spec))
    throw new PosthornError(
      'configuration',
      'blobs are kept in a directory (its path) or in an S3 store (s3://BUCKET/PREFIX?endpoint=URL&region=REGION)',
    );
  return new FileBlobs(spec, thresholdBytes);
}
