/**
 * Blob stores: where an engine keeps large bodies, as files of a directory or as objects of an S3-compatible store. `openBlobs`
 * takes what the configuration says. Engines inside the room import these files; outside of it only `main` and `cli` do.
 * `describeBlobs` is the conformance suite every store passes.
 */
export { FileBlobs } from './files.ts';
export { type OpenBlobsOptions, openBlobs } from './open.ts';
export type { Blobs, BlobWriter, StoredBlob } from './port.ts';
export type { S3Credentials, S3Location } from './s3/location.ts';
export { S3Blobs, type S3Options } from './s3.ts';
