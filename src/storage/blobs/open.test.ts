import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPosthornError } from '#kernel';
import { FileBlobs } from './files.ts';
import { type OpenBlobsOptions, openBlobs } from './open.ts';
import { parseRetryAfter } from './s3/failure.ts';
import { parseS3Location } from './s3/location.ts';
import { S3Blobs } from './s3.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };

/** The message with which a place is refused. */
function refusal(spec: string, options: OpenBlobsOptions = { credentials }): string {
  try {
    openBlobs(spec, options);
  } catch (error) {
    assert.ok(isPosthornError(error, 'configuration'), String(error));
    return error.message;
  }
  return assert.fail(`${spec} is accepted`);
}

describe('openBlobs', () => {
  test('a path is a directory, s3: an S3 store', () => {
    for (const spec of ['/var/lib/blobs', './blobs', 'blobs', 'C:/blobs', 'a:b'])
      assert.ok(openBlobs(spec) instanceof FileBlobs, spec);
    const s3 = openBlobs('s3://bucket?region=eu-west-1', { credentials, thresholdBytes: 1000 });
    assert.ok(s3 instanceof S3Blobs);
    assert.equal(s3.thresholdBytes, 1000);
    assert.equal(openBlobs('blobs').thresholdBytes, 256 * 1024);
    assert.equal(openBlobs('blobs', { thresholdBytes: 5 }).thresholdBytes, 5);
  });

  test('what is neither is refused', () => {
    for (const spec of ['', 'file:///blobs', 'https://bucket', 'gs://bucket'])
      assert.match(refusal(spec), /a directory .* or in an S3 store/);
  });
});

describe('parseS3Location', () => {
  const url = (spec: string): string => parseS3Location(spec, credentials).url.href;

  test('endpoint and style say where the bucket is', () => {
    assert.equal(url('s3://box?region=eu-west-1'), 'https://box.s3.eu-west-1.amazonaws.com/');
    assert.equal(
      url('s3://a.b?region=cn-north-1&style=path'),
      'https://s3.cn-north-1.amazonaws.com.cn/a.b/',
    );
    assert.equal(url('s3://box?endpoint=http://127.0.0.1:9000'), 'http://127.0.0.1:9000/box/');
    assert.equal(
      url('s3://box/p?endpoint=https%3A%2F%2Fs3.example.test&style=host'),
      'https://box.s3.example.test/',
    );
  });

  test('prefix, region and credentials are taken apart', () => {
    const place = parseS3Location(
      's3://AK%2B:se%2Fcr%2Bet%3D@box/mail/blobs/?region=x-1',
      undefined,
    );
    assert.equal(place.prefix, 'mail/blobs/');
    assert.equal(place.region, 'x-1');
    assert.deepEqual(place.credentials, { accessKeyId: 'AK+', secretAccessKey: 'se/cr+et=' });
    const plain = parseS3Location('s3://box?endpoint=http://h', credentials);
    assert.deepEqual([plain.prefix, plain.region], ['', 'us-east-1']);
    assert.equal(plain.credentials, credentials);
  });

  test('what is wrong is said, and never the secret', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['s3:', /cannot be the name of a bucket/],
      ['s3://', /cannot be the name of a bucket/],
      ['s3://bo?region=r', /"bo" cannot be the name of a bucket/],
      ['s3://Box_1?region=r', /cannot be the name of a bucket/],
      ['s3://box', /needs a region/],
      ['s3://box?region=', /cannot be a region/],
      ['s3://box?region=a&region=b', /given twice/],
      ['s3://box?regoin=a', /"regoin" is not a parameter/],
      ['s3://box?endpoint=127.0.0.1:9000', /http:\/\/ or https:\/\/ URL/],
      ['s3://box?endpoint=ftp://h', /http:\/\/ or https:\/\/ URL/],
      ['s3://box?endpoint=http://h/path', /no path/],
      ['s3://box?endpoint=http://AK:xyzzy@h', /before the bucket/],
      ['s3://box?endpoint=http://h&style=virtual', /path or host/],
      ['s3://box:9000?region=r', /port belongs/],
      ['s3://box/a//b?region=r', /cannot be a prefix/],
      ['s3://box/a%20b?region=r', /cannot be a prefix/],
      ['s3://box/a%zz?region=r', /%/],
      [`s3://box/${'a'.repeat(901)}?region=r`, /cannot be a prefix/],
      ['s3://box?region=r#x', /not of the form/],
      ['s3://AK@box?region=r', /both access key and secret/],
      ['s3://:xyzzy@box?region=r', /both access key and secret/],
      ['s3://AK:xy/zzy@box?region=r', /%2F|form/],
      ['s3://AK:xyzzy%zz@box?region=r', /the secret has a %/],
    ];
    for (const [spec, message] of cases) {
      const said = refusal(spec);
      assert.match(said, message, spec);
      assert.doesNotMatch(said, /xy|zzy/, spec);
    }
    assert.match(refusal('s3://box?region=r', {}), /no credentials/);
  });
});

test('Retry-After is seconds or a date', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  assert.equal(parseRetryAfter(undefined, nowMs), undefined);
  assert.equal(parseRetryAfter('0', nowMs), 0);
  assert.equal(parseRetryAfter('120', nowMs), 120_000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', nowMs), 30_000);
  assert.equal(parseRetryAfter('Wed, 31 Dec 2025 00:00:30 GMT', nowMs), 0);
  for (const value of ['soon', '-5', '']) assert.equal(parseRetryAfter(value, nowMs), undefined);
});
