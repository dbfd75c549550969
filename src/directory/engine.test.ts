import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#kernel';
import { parseAddress } from '#model';
import { openFresh } from '../storage/fresh.conformance.ts';
import { Directory } from './directory.ts';

test('the directory on an engine: add, resolve, log in, change, remove', async (t) => {
  const engine = await openFresh(t, systemClock);
  const directory = new Directory(engine, { clock: systemClock });
  const resolve = (text: string) => directory.resolve(parseAddress(text)!);

  assert.equal(await directory.addDomain('Example.Test'), true);
  assert.equal(await directory.addDomain('example.test'), false);
  assert.equal(await directory.isLocalDomain('EXAMPLE.TEST'), true);
  assert.equal(await directory.isLocalDomain('else.test'), false);
  assert.deepEqual(await directory.resolvePostmaster(), { kind: 'unknown-recipient' });

  const ann = await directory.addMailbox('Ann@Example.test', { quotaBytes: 1000 });
  const bob = await directory.addMailbox('bob@example.test', { password: 'geheim' });
  await assert.rejects(directory.addMailbox('ANN@example.test'), { code: 'exists-already' });
  assert.equal((await directory.mailbox('ann@example.test'))?.quotaBytes, 1000);
  assert.deepEqual(
    (await engine.read.folders(ann.mailboxId)).map(({ name, specialUse }) => [name, specialUse]),
    [
      ['Archive', '\\Archive'],
      ['Drafts', '\\Drafts'],
      ['INBOX', undefined],
      ['Junk', '\\Junk'],
      ['Sent', '\\Sent'],
      ['Trash', '\\Trash'],
    ].toSorted(byName),
  );

  for (const text of ['ann@example.test', 'ann+tag@example.test', 'postmaster@example.test'])
    assert.deepEqual(await resolve(text), { kind: 'mailbox', mailboxId: ann.mailboxId }, text);
  assert.deepEqual(await resolve('carl@example.test'), { kind: 'unknown-recipient' });
  assert.deepEqual(await resolve('ann@else.test'), { kind: 'not-local' });

  assert.equal(await directory.addAddress('bob@example.test', 'Postmaster@example.test'), true);
  assert.deepEqual(await directory.resolvePostmaster(), {
    kind: 'mailbox',
    mailboxId: bob.mailboxId,
  });
  await assert.rejects(directory.removeDomain('example.test'), { code: 'not-empty' });

  const account = { mailboxId: ann.mailboxId, address: 'ann@example.test' };
  assert.deepEqual(await directory.verifyPassword('ann', ann.generatedPassword!), account);
  await directory.setPassword('ann@example.test', 'new one');
  assert.equal(await directory.verifyPassword('ann', ann.generatedPassword!), undefined);
  assert.deepEqual(await directory.verifyPassword('ann@example.test', 'new one'), account);

  assert.equal(await directory.removeAddress('bob@example.test', 'postmaster@example.test'), true);
  assert.deepEqual(await directory.resolvePostmaster(), {
    kind: 'mailbox',
    mailboxId: ann.mailboxId,
  });
  assert.equal(await directory.removeMailbox('ann@example.test'), true);
  assert.equal(await directory.removeMailbox('ann@example.test'), false);
  assert.equal(await directory.verifyPassword('ann@example.test', 'new one'), undefined);
  assert.equal((await directory.mailboxes()).length, 1);
  assert.equal((await directory.domains()).length, 1);
});

function byName(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1;
}
