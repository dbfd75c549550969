import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EnvelopeReader } from './envelope-reader.ts';
import { parseMessage } from './parse-message.ts';

function envelopeOf(header: string): EnvelopeReader {
  return new EnvelopeReader(parseMessage(Buffer.from(`${header}\r\n\r\n`, 'latin1')).envelope);
}

test('what ENVELOPE shows is read back, decoded', () => {
  const envelope = envelopeOf(
    [
      'Date: whenever "quoted" (\\ and more)',
      'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= "and (" \\\\',
      'From: "Doe, \\"J\\" \\\\ (x)" <@route:joe@example.org>, b@c',
      'Sender: s@example.org',
      'To: gr\xc3\xbcn <"a b"@example.org>',
      'Cc: a group: x@y, z@y;, last@y',
    ].join('\r\n'),
  );
  assert.equal(envelope.subject, 'Grüße "and (" \\\\');
  assert.deepEqual(envelope.first('cc'), { name: undefined, mailbox: 'a group', host: undefined });
  assert.deepEqual(envelope.first('from'), {
    name: 'Doe, "J" \\ (x)',
    mailbox: 'joe',
    host: 'example.org',
  });
  assert.deepEqual(envelope.first('to'), { name: 'grün', mailbox: 'a b', host: 'example.org' });
});

test('what is missing is undefined', () => {
  const none = envelopeOf('X: y');
  assert.equal(none.subject, '');
  assert.equal(none.first('to'), undefined);
  const bare = envelopeOf('From: d\r\nTo: undisclosed-recipients:;');
  assert.deepEqual(bare.first('from'), { name: undefined, mailbox: 'd', host: '' });
  assert.deepEqual(bare.first('to'), {
    name: undefined,
    mailbox: 'undisclosed-recipients',
    host: undefined,
  });
});
