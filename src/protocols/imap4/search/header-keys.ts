import { foldForSearch, mailboxesOf, parseAddressList } from '#content';
import type { SearchField } from '#wire';
import { Stage } from './candidate.ts';
import type { Condition } from './condition.ts';

/** Subjects shorter than this are whole in the index; longer ones may be cut there. */
const SUBJECT_CHARS_CERTAIN = 500;

/**
 * HEADER, BCC, CC, FROM and TO: whether a field of that name contains the text after decoding. Without text, whether
 * there is such a field (RFC 9051 §6.4.4).
 */
export function headerKey(name: string, text: string): Condition {
  const needle = foldForSearch(text);
  const isWord = !/\s/.test(needle);
  return {
    stages: [Stage.Head],
    test: (candidate) => {
      if (isWord && !candidate.mayHaveWord(needle)) return false;
      return candidate.fields(name)?.some((value) => value.includes(needle));
    },
  };
}

/** SUBJECT: as the envelope has it, so of several fields the first. Mostly the index has it too. */
function subjectKey(text: string): Condition {
  const needle = foldForSearch(text);
  if (needle === '') return headerKey('Subject', '');
  return {
    stages: [Stage.Index, Stage.Head],
    test: (candidate) => {
      const indexed = candidate.entry?.subject;
      if (indexed !== undefined) {
        if (foldForSearch(indexed).includes(needle)) return true;
        if (indexed.length < SUBJECT_CHARS_CERTAIN) return false;
      }
      const fields = candidate.fields('Subject');
      return fields === undefined ? undefined : (fields[0] ?? '').includes(needle);
    },
  };
}

/**
 * FROM, TO, CC, BCC: as the envelope has them (RFC 9051 §6.4.4), so a whole address is found also where the field has
 * comments or spaces inside it.
 */
function addressKey(field: string, text: string): Condition {
  const asText = headerKey(field, text);
  const needle = foldForSearch(text);
  const at = needle.indexOf('@');
  if (at <= 0 || /\s/.test(needle)) return asText;
  const [local, domain] = [needle.slice(0, at), needle.slice(at + 1)];
  return {
    stages: asText.stages,
    test: (candidate) => {
      const found = asText.test(candidate);
      if (found !== false) return found;
      if (!candidate.mayHaveWord(local) || !candidate.mayHaveWord(domain)) return false;
      return candidate.fields(field)?.some((value) => addressesOf(value).includes(needle));
    },
  };
}

function addressesOf(value: string): string {
  const mailboxes = mailboxesOf(parseAddressList(value));
  return foldForSearch(mailboxes.map((mailbox) => mailbox.address).join(' '));
}

export function fieldKey(field: SearchField, text: string): Condition {
  return field === 'SUBJECT' ? subjectKey(text) : addressKey(field, text);
}
