import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { escapeXml, parseXml, textOf } from './xml.ts';

describe('parseXml', () => {
  test('reads elements, text, references, comments, instructions and CDATA', () => {
    const root = parseXml(
      `<?xml version="1.0" encoding='UTF-8'?>\n<!-- a > b -->
      <s3:List xmlns="http://s3.amazonaws.com/doc/2006-03-01/" xmlns:s3='x/>y' ><A>a&amp;b&#x41;&#66;&lt;</A><A/><B >
      <C><![CDATA[<&amp;>]]> and more</C></B ></s3:List>\n`,
    );
    assert.equal(root?.name, 'List');
    assert.deepEqual(
      root.children.map(({ name, text }) => [name, text.trim()]),
      [
        ['A', 'a&bAB<'],
        ['A', ''],
        ['B', ''],
      ],
    );
    assert.equal(textOf(root.children[2]!, 'C'), '<&amp;> and more');
    assert.equal(textOf(root, 'none'), '');
  });

  test('what is not well-formed is nothing', () => {
    for (const text of [
      '',
      'text',
      '<a>',
      '<a></b>',
      '<a></a><b/>',
      '</a>',
      '<a>&nbsp;</a>',
      '<a>&</a>',
      '<a>&#0;</a>',
      '<a>&#x110000;</a>',
      '<a b></a>',
      '<a b="<"/>',
      '<a><!-- </a>',
      '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
      '<a></a>trailing',
      '<a>'.repeat(100) + '</a>'.repeat(100),
    ])
      assert.equal(parseXml(text), undefined, text);
  });

  test('every beginning of a document is nothing, the whole of it is something', () => {
    const whole = '<a x="1"><b>t&amp;</b><!-- c --><c/><![CDATA[d]]></a>';
    for (let at = 0; at < whole.length; at++)
      assert.equal(parseXml(whole.slice(0, at)), undefined, whole.slice(0, at));
    assert.equal(parseXml(whole)?.name, 'a');
  });

  test('any text comes back through an element', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(parseXml(`<a>${escapeXml(text)}</a>`)?.text, text);
      }),
    );
  });

  test('any input ends', () => {
    const piece = fc.constantFrom('<', '>', '</', '/>', '<!--', '-->', '<a ', 'b="', '"', '&', ' ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        parseXml(pieces.join(''));
      }),
    );
  });
});
