import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  assertNever,
  assert as assertThat,
  type ErrorCode,
  errorInfo,
  isPosthornError,
  PosthornError,
} from '#kernel';

describe('PosthornError', () => {
  test('has the public text of its code unless it is given a detail', () => {
    const plain = new PosthornError('over-quota');
    assert.equal(plain.message, errorInfo('over-quota').text);
    const cause = new Error('why');
    const detailed = new PosthornError('over-quota', 'by 7 bytes', { cause });
    assert.equal(detailed.message, 'by 7 bytes');
    assert.equal(detailed.cause, cause);
    assert.deepEqual(detailed.info, errorInfo('over-quota'));
  });

  test('is told from others, and by code', () => {
    const error = new PosthornError('no-folder');
    assert.ok(isPosthornError(error));
    assert.ok(isPosthornError(error, 'no-folder'));
    assert.ok(!isPosthornError(error, 'no-mailbox'));
    assert.ok(!isPosthornError(Object.assign(new Error(), { code: 'no-folder' })));
    assert.ok(!isPosthornError(undefined));
  });

  test('codes say the same in every language: temporary is temporary', () => {
    const codes: readonly ErrorCode[] = ['internal', 'unavailable', 'shutting-down', 'deadline'];
    for (const code of [...codes, 'disk-full', 'too-busy'] as const) {
      const { smtp, http } = errorInfo(code);
      assert.ok(smtp[0] >= 400 && smtp[0] < 500, `${code} may be tried again`);
      assert.ok(smtp[1].startsWith('4.'), code);
      assert.ok(http >= 500, code);
    }
    for (const code of ['no-mailbox', 'over-quota', 'too-large', 'relay-denied'] as const) {
      const { smtp } = errorInfo(code);
      assert.ok(smtp[0] >= 500 && smtp[1].startsWith('5.'), code);
    }
  });
});

test('assert and assertNever throw what is a bug', () => {
  assertThat(true, 'fine');
  assert.throws(() => assertThat(false, 'broken'), { name: 'AssertionError', message: 'broken' });
  assert.throws(() => assertNever('x' as never), /unexpected value "x"/);
});
