import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomId } from '#kernel';
import { S3Client } from './client.ts';
import { parseS3Location, type S3Location } from './location.ts';

const PYTHON = '/usr/bin/python3';
const SECRET = 'swift/+secret';

/** Why the tests against a real store are skipped; false when they are not. */
export const withoutServer: string | false =
  spawnSync(PYTHON, ['-c', 'import swift.common.middleware.s3api']).status === 0
    ? false
    : 'needs Swift (Debian: python3-swift)';

/** An S3-speaking server of its own: Swift on loopback, with nothing in it. */
export class S3Server implements AsyncDisposable {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #dir: string;

  private constructor(url: string, process: ChildProcess, dir: string) {
    this.url = url;
    this.#process = process;
    this.#dir = dir;
  }

  static async start(): Promise<S3Server> {
    const dir = mkdtempSync(join(tmpdir(), 'posthorn-s3-'));
    const script = join(import.meta.dirname, 's3-server.py');
    const process = spawn(PYTHON, [script, dir, SECRET], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    process.stderr.on('data', (bytes: Buffer) => {
      said += bytes;
    });
    const port = await new Promise<string>((resolve, reject) => {
      process.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString().trim()));
      process.once('exit', () => reject(new Error(`Swift does not start: ${said}`)));
    });
    return new S3Server(`http://127.0.0.1:${port}`, process, dir);
  }

  /** Makes a fresh bucket and says where it is; `endpoint` may lead through something in between. */
  async bucket(endpoint: string = this.url): Promise<S3Location> {
    const bucket = `posthorn-${randomId(12).toLowerCase()}`;
    const place = this.place(bucket, this.url);
    const client = new S3Client({ ...place, url: new URL(`/${bucket}`, this.url) }, {});
    await client.send({ method: 'PUT', expected: [200] });
    return this.place(bucket, endpoint);
  }

  place(bucket: string, endpoint: string, secret: string = SECRET): S3Location {
    const credentials = { accessKeyId: 'test:posthorn', secretAccessKey: secret };
    return parseS3Location(`s3://${bucket}/mail/blobs?endpoint=${endpoint}`, credentials);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin!.end();
    await ended;
    assert.equal(this.#process.exitCode, 0);
    rmSync(this.#dir, { recursive: true });
  }
}
