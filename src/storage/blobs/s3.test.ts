import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { randomBytes } from '#kernel';
import { describeBlobs, listed, put, refused } from './blobs.conformance.ts';
import { UNFINISHED_AGE_MS } from './port.ts';
import { S3Client } from './s3/client.ts';
import { S3Server, withoutServer } from './s3/server.conformance.ts';
import { S3Blobs } from './s3.ts';

const MIB = 1024 * 1024;
const skip = withoutServer;
let server: S3Server;

before(async () => {
  if (skip === false) server = await S3Server.start();
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
});

describeBlobs('S3', async () => new S3Blobs(await server.bucket()), { skip });

describe('S3Blobs', { skip }, () => {
  test('an upload that nobody continues is aborted once it is old', async () => {
    const blobs = new S3Blobs(await server.bucket());
    await using writer = await blobs.create();
    await writer.write(randomBytes(6 * MIB));
    await blobs.removeUnfinished(Date.now() - UNFINISHED_AGE_MS);
    await writer.write(randomBytes(5 * MIB));
    await blobs.removeUnfinished(Date.now() + UNFINISHED_AGE_MS);
    await refused(writer.finish(), 'unavailable');
    assert.deepEqual(await listed(blobs), []);
  });

  test('uploads are found beyond the first page, and those of others left alone', async () => {
    const place = await server.bucket();
    const client = new S3Client(place, {});
    const begin = async (key: string): Promise<void> => {
      await client.send({ method: 'POST', key, query: { uploads: '' }, expected: [200] });
    };
    const blobs = new S3Blobs(place, { pageLength: 3 });
    for (let i = 0; i < 7; i++) await begin(`${place.prefix}upload${i}`);
    await begin(`${place.prefix}upload6`);
    await begin('elsewhere/abcdef');
    await begin(`${place.prefix}deeper/abcdef`);
    await blobs.removeUnfinished(Date.now() + UNFINISHED_AGE_MS);
    const query = { uploads: '' };
    const { body } = await client.send({ method: 'GET', query, expected: [200] });
    const left = [...body.toString().matchAll(/<Key>([^<]*)/g)].map(([, key]) => key);
    assert.deepEqual(left.sort(), ['elsewhere/abcdef', `${place.prefix}deeper/abcdef`]);
  });

  test('objects of others are not listed', async () => {
    const place = await server.bucket();
    const client = new S3Client(place, {});
    for (const key of ['abcdef', `${place.prefix}sub/abcdef`, `${place.prefix}README.txt`])
      await client.send({ method: 'PUT', key, expected: [200] });
    const blobs = new S3Blobs(place);
    const blob = await put(blobs, Buffer.from('x'));
    assert.deepEqual(await listed(blobs), [blob]);
  });

  test('a wrong secret and a missing bucket show at the start, and never look like lost blobs', async () => {
    const { bucket } = await server.bucket();
    for (const place of [
      server.place(bucket, server.url, 'wrong'),
      server.place('no-such-bucket', server.url),
    ]) {
      const blobs = new S3Blobs(place);
      await refused(blobs.verify(), 'configuration');
      await refused(put(blobs, Buffer.from('x')), 'unavailable');
      await refused(put(blobs, randomBytes(6 * MIB)), 'unavailable');
      await refused(blobs.read('abcdef', 0, 1), 'unavailable');
      await refused(blobs.remove('abcdef'), 'unavailable');
      await refused(listed(blobs), 'unavailable');
    }
  });

  test('a bucket may be used without a prefix', async () => {
    const blobs = new S3Blobs({ ...(await server.bucket()), prefix: '' });
    await blobs.verify();
    const blob = await put(blobs, randomBytes(6 * MIB));
    assert.deepEqual(await listed(blobs), [blob]);
  });
});
