import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type ErrorCode, PosthornError, silentLogger } from '#kernel';
import { type Envelope, INBOX_ID, type MailboxId, type Recipient, type SubmissionId } from '#model';
import type { Engine } from '#storage';
import { Store } from '#store';
import { type SubmitOutcome, Transfer } from '#transfer';
import { addBox, type Box, problemsOf, run } from '../storage/conformance/fixture.conformance.ts';
import { openFresh, SHARED } from '../storage/fresh.conformance.ts';

const MESSAGE = 'Subject: hello\r\nMessage-ID: <1@client.test>\r\n\r\nText.\r\n';
const ID = '0ABCDEFGHJKMNPQR' as SubmissionId;

interface House {
  readonly engine: Engine;
  readonly transfer: Transfer;
  readonly boxes: readonly [Box, Box];
}

async function setUp(t: TestContext): Promise<House> {
  const engine = await openFresh(t);
  const boxes = [await addBox(engine), await addBox(engine)] as const;
  const transfer = new Transfer(new Store(engine, silentLogger), 'mx.example.test');
  return { engine, transfer, boxes };
}

function recipient(local: string, { mailboxId }: { mailboxId: MailboxId }): Recipient {
  const address = { local, domain: 'example.test' };
  return { address, mailboxId, notify: undefined, originalRecipient: undefined };
}

function envelope(recipients: readonly Recipient[], more: Partial<Envelope> = {}): Envelope {
  return {
    submissionId: ID,
    from: { local: 'sender', domain: 'client.test' },
    recipients,
    smtpUtf8: false,
    body: '8BITMIME',
    dsnReturn: undefined,
    dsnEnvelopeId: undefined,
    origin: {
      protocol: 'ESMTPS',
      helo: 'client.test',
      clientAddress: '192.0.2.1',
      tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
      authenticatedAs: undefined,
    },
    receivedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    ...more,
  };
}

async function submit(
  transfer: Transfer,
  given: Envelope,
  bytes: Uint8Array = Buffer.from(MESSAGE),
): Promise<SubmitOutcome> {
  await using submission = transfer.begin(given);
  await submission.write(bytes);
  assert.equal(submission.sizeBytes, bytes.length);
  return await submission.commit();
}

async function delivered(box: Box): Promise<string[]> {
  const messages: string[] = [];
  for (const { contentId, sizeBytes } of await box.entries(INBOX_ID))
    messages.push(
      (await box.engine.read.contentBytes(box.mailboxId, contentId, 0, sizeBytes))!.toString(
        'latin1',
      ),
    );
  return messages;
}

function trace(message: string): string {
  assert.ok(message.endsWith(MESSAGE), 'the message follows, byte for byte');
  return message.slice(0, -MESSAGE.length);
}

describe('a submission', () => {
  test('is delivered below Return-Path and Received', async (t) => {
    const { transfer, boxes } = await setUp(t);
    const outcome = await submit(transfer, envelope([recipient('a', boxes[0])]));
    assert.deepEqual(outcome, { kind: 'accepted', submissionId: ID });
    const [message] = await delivered(boxes[0]);
    const lines = [
      'Return-Path: <sender@client.test>',
      'Received: from client.test ([192.0.2.1])',
      `\tby mx.example.test with ESMTPS id ${ID}`,
      '\tfor <a@example.test>',
      '\ttls TLS_AES_256_GCM_SHA384 (TLSv1.3);',
      '\tFri, 2 Jan 2026 03:04:05 +0000',
      '',
    ];
    assert.equal(
      trace(message!).replace('Fri,  2', 'Fri, 2').replace('Fri, 02', 'Fri, 2'),
      lines.join('\r\n'),
    );
    const [entry] = await boxes[0].entries(INBOX_ID, { subject: true });
    assert.equal(entry!.subject, 'hello');
    assert.equal(entry!.internalMs, Date.UTC(2026, 0, 2, 3, 4, 5));
    assert.deepEqual([entry!.flags, entry!.keywords], [0, '']);
  });

  test('with its binary parts in base64 (RFC 3030 §3)', async (t) => {
    const { engine, transfer, boxes } = await setUp(t);
    const head = 'Content-Type: image/png\r\nContent-Transfer-Encoding: ';
    const bytes = Buffer.from(`${head}BINARY\r\n\r\n\0\r\xff`, 'latin1');
    await submit(transfer, envelope([recipient('a', boxes[0])], { body: 'BINARYMIME' }), bytes);
    const [message] = await delivered(boxes[0]);
    assert.ok(message!.endsWith(`${head}base64\r\n\r\nAA3/\r\n`));
    assert.deepEqual(await problemsOf(engine), []);
  });

  test('for several recipients names none of them, and is stored once as far as contents are shared', async (t) => {
    const { engine, transfer, boxes } = await setUp(t);
    const recipients = [recipient('a', boxes[0]), recipient('secret', boxes[1])];
    await submit(transfer, envelope(recipients));
    const messages = [...(await delivered(boxes[0])), ...(await delivered(boxes[1]))];
    assert.equal(messages.length, 2);
    assert.equal(messages[0], messages[1]);
    assert.doesNotMatch(trace(messages[0]!), /\bfor\b|secret/);
    assert.equal((await engine.read.counts()).contents, SHARED === 'store' ? 1 : 2);
    assert.deepEqual(await problemsOf(engine), []);
  });

  test('for two addresses of one mailbox is delivered there once', async (t) => {
    const { transfer, boxes } = await setUp(t);
    const recipients = ['a', 'b', 'a'].map((local) => recipient(local, boxes[0]));
    await submit(transfer, envelope([...recipients, recipient('c', boxes[1])]));
    assert.equal((await delivered(boxes[0])).length, 1);
    assert.equal((await delivered(boxes[1])).length, 1);
  });

  test('from the null path, or with letters beyond ASCII, has its bytes right', async (t) => {
    const { transfer, boxes } = await setUp(t);
    await submit(transfer, envelope([recipient('a', boxes[0])], { from: undefined }));
    const from = { local: 'jürgen😀', domain: 'client.test' };
    await submit(transfer, envelope([recipient('é', boxes[0])], { from, smtpUtf8: true }));
    const [bounce, foreign] = await delivered(boxes[0]);
    assert.match(trace(bounce!), /^Return-Path: <>\r\n/);
    const text = Buffer.from(trace(foreign!), 'latin1').toString('utf8');
    assert.match(text, /^Return-Path: <jürgen😀@client\.test>\r\n/);
    assert.match(text, /for <é@example\.test>/);
  });

  test('takes nothing from the client into the trace that would end a line', async (t) => {
    const { transfer, boxes } = await setUp(t);
    const { origin } = envelope([]);
    const helo = 'evil\r\nX-Injected: yes\r\n\r\n';
    await submit(transfer, envelope([recipient('a', boxes[0])], { origin: { ...origin, helo } }));
    const [message] = await delivered(boxes[0]);
    assert.doesNotMatch(trace(message!), /^X-Injected/m);
    assert.doesNotMatch(trace(message!), /\r\n\r\n/);
  });

  test('is tracked in the commit that delivers it', async (t) => {
    const { engine, transfer, boxes } = await setUp(t);
    const recipients = [recipient('a', boxes[0]), recipient('b', boxes[1])];
    await submit(transfer, envelope(recipients));
    const [deliver, receive, ...more] = await engine.read.tracking(10);
    assert.deepEqual(more, []);
    const [entry] = await boxes[0].entries();
    const common = {
      atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      submissionId: ID,
      messageId: '<1@client.test>',
      sender: 'sender@client.test',
      recipients: 'a@example.test;b@example.test',
      sizeBytes: entry!.sizeBytes,
      subject: 'hello',
      clientAddress: '192.0.2.1',
    };
    assert.deepEqual(receive, { ...common, event: 'RECEIVE', source: 'SMTP', recipientStatus: '' });
    const delivery = { event: 'DELIVER', source: 'STOREDRIVER', recipientStatus: '2.1.5' } as const;
    assert.deepEqual(deliver, { ...common, ...delivery });
  });

  test('in a large number of pieces and above the blob threshold is the same', async (t) => {
    const { engine, transfer, boxes } = await setUp(t);
    const body = Buffer.alloc(1_000_000, 'A line of text.\r\n');
    await using submission = transfer.begin(envelope([recipient('a', boxes[0])]));
    await submission.write(Buffer.from(MESSAGE));
    for (let at = 0; at < body.length; at += 7001)
      await submission.write(body.subarray(at, at + 7001));
    assert.equal(submission.sizeBytes, MESSAGE.length + body.length);
    assert.equal((await submission.commit()).kind, 'accepted');
    const [message] = await delivered(boxes[0]);
    assert.ok(message!.endsWith(MESSAGE + body.toString('latin1')));
    assert.equal((await Array.fromAsync(engine.blobs.list())).length, 1);
    assert.deepEqual(await problemsOf(engine), []);
  });
});

describe('a submission that does not come about', () => {
  test('leaves no trace when it is disposed without commit', async (t) => {
    const { engine, transfer, boxes } = await setUp(t);
    for (const size of [10, 700_000]) {
      await using submission = transfer.begin(envelope([recipient('a', boxes[0])]));
      await submission.write(Buffer.alloc(size, 'x\r\n'));
    }
    assert.deepEqual(await delivered(boxes[0]), []);
    assert.deepEqual(await engine.read.tracking(10), []);
    assert.deepEqual(await Array.fromAsync(engine.blobs.list()), []);
  });

  test('is refused as temporary when a mailbox went meanwhile, and nobody gets it', async (t) => {
    const { engine, transfer, boxes } = await setUp(t);
    await run(engine, { kind: 'remove-mailbox', mailboxId: boxes[1].mailboxId });
    const given = envelope([recipient('a', boxes[0]), recipient('b', boxes[1])]);
    for (const bytes of [Buffer.from(MESSAGE), Buffer.alloc(400_000, 'x\r\n')])
      assert.deepEqual(await submit(transfer, given, bytes), {
        kind: 'refused',
        code: 'unavailable',
      });
    assert.deepEqual(await delivered(boxes[0]), []);
    assert.deepEqual(await engine.read.tracking(10), []);
    assert.deepEqual(await Array.fromAsync(engine.blobs.list()), []);
  });

  for (const code of ['disk-full', 'too-busy', 'deadline', 'shutting-down'] as ErrorCode[])
    test(`is refused with ${code} when the engine says so`, async (t) => {
      const { engine, boxes } = await setUp(t);
      const failing = failWith(engine, new PosthornError(code));
      const transfer = new Transfer(new Store(failing, silentLogger), 'mx.example.test');
      const outcome = await submit(transfer, envelope([recipient('a', boxes[0])]));
      assert.deepEqual(outcome, { kind: 'refused', code });
    });

  test('a bug is thrown, not refused; an envelope for nobody is one', async (t) => {
    const { engine, transfer, boxes } = await setUp(t);
    const broken = new Transfer(
      new Store(failWith(engine, new TypeError('bug')), silentLogger),
      'mx',
    );
    await assert.rejects(submit(broken, envelope([recipient('a', boxes[0])])), TypeError);
    assert.throws(() => transfer.begin(envelope([])), { name: 'AssertionError' });
  });
});

function failWith(engine: Engine, error: Error): Engine {
  return {
    name: 'failing',
    read: engine.read,
    blobs: engine.blobs,
    execute: () => Promise.reject(error),
    onChanges: (listener) => engine.onChanges(listener),
    commits: (mailboxId) => engine.commits(mailboxId),
    lease: (name, ttlMs) => engine.lease(name, ttlMs),
    [Symbol.asyncDispose]: async () => {},
  };
}
