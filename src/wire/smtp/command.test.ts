import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from '#model';
import {
  decodeSaslResponse,
  parseAuth,
  parseBdat,
  parseCommandLine,
  parseHello,
  parseMail,
  parseRcpt,
} from './command.ts';
import { isFault } from './fault.ts';

function mail(rest: string) {
  const command = parseMail(rest);
  assert.ok(!isFault(command), `${rest}: ${JSON.stringify(command)}`);
  return command;
}

function rcpt(rest: string) {
  const command = parseRcpt(rest);
  assert.ok(!isFault(command), `${rest}: ${JSON.stringify(command)}`);
  return command;
}

function refusal(result: object): string {
  assert.ok(isFault(result), `should be refused: ${JSON.stringify(result)}`);
  return `${result.code} ${result.enhanced}`;
}

test('the verb is found in any letter case, with and without arguments', () => {
  const split = (line: string): unknown => parseCommandLine(Buffer.from(line));
  assert.deepEqual(split('noop'), { kind: 'line', verb: 'NOOP', rest: '' });
  assert.deepEqual(split('Mail  FROM:<> '), { kind: 'line', verb: 'MAIL', rest: 'FROM:<>' });
  assert.deepEqual(split('rcpt to:<ü@x>'), { kind: 'line', verb: 'RCPT', rest: 'to:<ü@x>' });
  for (const bad of ['', ' NOOP', 'MA IL\r', '\x16\x03\x01', 'NO\0OP', '5', '<a@b>'])
    assert.equal(
      refusal(parseCommandLine(Buffer.from(bad))).slice(0, 3),
      bad === 'MA IL\r' ? '500' : '500',
    );
  assert.equal(refusal(parseCommandLine(Buffer.from('VRFY \xff', 'latin1'))), '500 5.5.2');
});

test('reverse paths: null, plain, quoted, literal, routed, international', () => {
  assert.equal(mail('FROM:<>').from, undefined);
  assert.deepEqual(mail('from: <User@Example.COM>').from, { local: 'User', domain: 'example.com' });
  assert.deepEqual(mail('FROM:<"a \\"b\\\\ c@d"@x.org>').from, {
    local: 'a "b\\ c@d',
    domain: 'x.org',
  });
  assert.deepEqual(mail('FROM:<""@x.org>').from, { local: '', domain: 'x.org' });
  assert.deepEqual(mail('FROM:<@a.org,@b.org:u@c.org>').from, { local: 'u', domain: 'c.org' });
  assert.deepEqual(mail('FROM:<u@[127.0.0.1]>').from, { local: 'u', domain: '[127.0.0.1]' });
  assert.deepEqual(mail('FROM:<u@[IPv6:::1]>').from, { local: 'u', domain: '[ipv6:::1]' });
  assert.deepEqual(mail('FROM:<a..b.@docomo.example>').from, {
    local: 'a..b.',
    domain: 'docomo.example',
  });
  assert.deepEqual(mail('FROM:<jürgen@exämple.org> SMTPUTF8').from, {
    local: 'jürgen',
    domain: 'exämple.org',
  });
  assert.equal(refusal(parseMail('FROM:<jürgen@example.org>')), '553 5.6.7');
});

test('paths that are none', () => {
  for (const path of [
    'a@b.org',
    '<a@b.org',
    'a@b.org>',
    '<a>',
    '<@b.org>',
    '<a@>',
    '<a@b..org>',
    '<a@-b.org>',
    '<a@b.org.>',
    '<a b@c.org>',
    '<a@b@c.org>',
    '<a@[127.0.0]>',
    '<a@[IPv6:1::2::3]>',
    '<"a@b.org>',
    '<"a"b@c.org>',
    '<<a@b.org>>',
    `<a@${'b'.repeat(64)}.org>`,
    `<${'a'.repeat(250)}@b.org>`,
    '< a@b.org>',
    '',
  ])
    assert.equal(refusal(parseMail(`FROM:${path}`)), '501 5.1.7', path);
  assert.equal(refusal(parseMail('TO:<a@b>')), '501 5.5.4');
  assert.equal(refusal(parseRcpt('TO:<>')), '501 5.1.3');
  assert.equal(refusal(parseRcpt('TO:<somebody>')), '501 5.1.3');
  assert.equal(refusal(parseRcpt('FROM:<a@b>')), '501 5.5.4');
});

test('what is parsed can be written and parsed again', () => {
  const char = fc.constantFrom('a', 'B', '.', ' ', '"', '\\', '@', '<', '>', ',', ':', '~', '(');
  const local = fc.array(char, { minLength: 1, maxLength: 40 }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(local, (text) => {
      const address = { local: text, domain: 'example.org' };
      assert.deepEqual(mail(`FROM:<${formatAddress(address)}>`).from, address);
    }),
  );
});

test('MAIL parameters', () => {
  const command = mail(
    'FROM:<a@b.org> SIZE=1234 body=8bitmime RET=hdrs ENVID=QQ+20314 AUTH=e+3Dmc2@example.com  ',
  );
  assert.equal(command.sizeBytes, 1234);
  assert.equal(command.body, '8BITMIME');
  assert.equal(command.dsnReturn, 'HDRS');
  assert.equal(command.dsnEnvelopeId, 'QQ 314');
  assert.deepEqual(command.submitter, { local: 'e=mc2', domain: 'example.com' });
  assert.equal(mail('FROM:<> AUTH=<>').submitter, 'unknown');
  assert.equal(mail('FROM:<> BODY=BINARYMIME SMTPUTF8').smtpUtf8, true);
  assert.equal(mail('FROM:<>').body, '7BIT');
  for (const bad of [
    'SIZE',
    'SIZE=',
    'SIZE=-1',
    'SIZE=1x',
    `SIZE=${'1'.repeat(21)}`,
    'BODY=9BIT',
    'BODY',
    'SMTPUTF8=1',
    'RET=ALL',
    'ENVID=a=b',
    'ENVID=+0A',
    `ENVID=${'a'.repeat(101)}`,
    'AUTH=nobody',
    'SIZE=1 SIZE=1',
    'SIZE =1',
    '=x',
    'SIZE=1 \x01',
  ])
    assert.equal(refusal(parseMail(`FROM:<> ${bad}`)), '501 5.5.4', bad);
  assert.equal(refusal(parseMail('FROM:<>SIZE=1')), '501 5.5.4');
  for (const unknown of ['XFOO', 'XFOO=bar', 'NOTIFY=NEVER', 'SIZE=1 HOLDFOR=3'])
    assert.equal(refusal(parseMail(`FROM:<> ${unknown}`)), '555 5.5.4', unknown);
});

test('RCPT parameters', () => {
  const command = rcpt('TO:<a@b.org> NOTIFY=success,DELAY ORCPT=rfc822;Bob+2Bx@Example.com');
  assert.deepEqual(command.notify, { never: false, success: true, failure: false, delay: true });
  assert.equal(command.originalRecipient, 'rfc822;Bob+x@Example.com');
  assert.equal(rcpt('TO:<a@b.org> NOTIFY=NEVER').notify?.never, true);
  assert.equal(
    rcpt('TO:<a@b.org> ORCPT=utf-8;J\\x{FC}rgen@x.org').originalRecipient,
    'utf-8;Jürgen@x.org',
  );
  assert.equal(
    rcpt('TO:<a@b.org> ORCPT=UTF-8;Jürgen@x.org').originalRecipient,
    'utf-8;Jürgen@x.org',
  );
  for (const bad of [
    'NOTIFY',
    'NOTIFY=',
    'NOTIFY=NEVER,SUCCESS',
    'NOTIFY=SOMETIMES',
    'NOTIFY=SUCCESS,',
    'ORCPT=a@b.org',
    'ORCPT=rfc822;',
    'ORCPT=rfc822;a+0Db',
    'ORCPT=rfc822;a+zz',
    'ORCPT=utf-8;\\x{D800}',
    'ORCPT=utf-8;\\x{110000}',
    'ORCPT=utf-8;\\x{0A}',
    'ORCPT=utf-8;a\\b',
    `ORCPT=rfc822;${'a'.repeat(500)}`,
  ])
    assert.equal(refusal(parseRcpt(`TO:<a@b.org> ${bad}`)), '501 5.5.4', bad);
  assert.equal(refusal(parseRcpt('TO:<a@b.org> SIZE=1')), '555 5.5.4');
});

test('postmaster without a domain', () => {
  assert.equal(rcpt('TO:<PostMaster>').bare, true);
  assert.equal(rcpt('TO:<postmaster@x.org>').bare, false);
  assert.equal(rcpt('TO:<"postmaster">').bare, true);
});

test('BDAT, AUTH, EHLO', () => {
  assert.deepEqual(parseBdat('0 last'), { kind: 'bdat', sizeBytes: 0, last: true });
  assert.deepEqual(parseBdat('17'), { kind: 'bdat', sizeBytes: 17, last: false });
  for (const bad of ['', 'x', '-1', '1 LAST x', '1LAST', '1 2', '1'.repeat(21)])
    assert.equal(refusal(parseBdat(bad)), '501 5.5.4');
  assert.deepEqual(parseAuth('scram-sha-256 YQ=='), {
    kind: 'auth',
    mechanism: 'SCRAM-SHA-256',
    initialResponse: 'YQ==',
  });
  assert.equal(refusal(parseAuth('PLAIN a b')), '501 5.5.4');
  assert.equal(refusal(parseAuth('')), '501 5.5.4');
  for (const name of ['a', 'mx.example.org', 'MY_PC', '[127.0.0.1]', '[IPv6:::1]'])
    assert.deepEqual(parseHello(name), { kind: 'hello', name });
  for (const bad of ['', 'a b', '(x)', 'ü', '[1.2.3]', 'a<b', 'x'.repeat(256)])
    assert.equal(refusal(parseHello(bad)), '501 5.5.4');
});

test('SASL responses are strict base 64', () => {
  assert.equal(decodeSaslResponse('=')?.length, 0);
  assert.equal(decodeSaslResponse('')?.length, 0);
  assert.equal(decodeSaslResponse('YWI=')?.toString(), 'ab');
  for (const bad of ['Y', 'YW=', 'YW=I', '====', 'Y W=', 'YWI-', '*'])
    assert.equal(decodeSaslResponse(bad), undefined);
});

test('no bytes make a parser throw or hang', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(
        fc.constantFrom(
          'MAIL ',
          'FROM:',
          'RCPT TO:',
          '<',
          '>',
          '@',
          '"',
          '\\',
          ' ',
          '=',
          '[',
          'a',
          'ü',
          ',',
        ),
        { maxLength: 60 },
      )
      .map((parts) => Buffer.from(parts.join(''))),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      const line = parseCommandLine(bytes);
      const rest = isFault(line) ? bytes.toString('latin1') : line.rest;
      for (const parse of [parseMail, parseRcpt, parseBdat, parseAuth, parseHello]) {
        assert.ok(parse(rest));
        assert.ok(parse(`FROM:${rest}`));
        assert.ok(parse(`TO:${rest}`));
      }
    }),
    { numRuns: 3000 },
  );
});
