import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHttpRequestLine } from './index.ts';

test('the first line of an HTTP request is known, whatever ends it', () => {
  for (const line of ['GET / HTTP/1.1', 'POST http://a.test/x?y HTTP/1.0\r\n', 'PUT * HTTP/2.0\n'])
    assert.equal(isHttpRequestLine(line), true, line);
  for (const line of ['GET NOOP', 'a1 FETCH 1 HTTP/1.1', 'GET / HTTP/1.1 x', 'RETR 1', ''])
    assert.equal(isHttpRequestLine(line), false, line);
});
