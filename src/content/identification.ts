/** Message-ID, In-Reply-To and References. RFC 5322 §3.6.4. */

/** Longest list of ids that is kept: the oldest ancestors go first. */
const IDS_MAX = 1000;

/** All `<…>` ids of a value in order, each once, blanks from folding removed. Wire strings with their angle brackets. */
export function parseMessageIds(value: string): readonly string[] {
  const found = value.match(/<[^<>]+>/g);
  if (found === null) return [];
  const ids = found.map((id) => (/\s/.test(id) ? id.replace(/\s+/g, '') : id));
  if (ids.length === 1) return ids;
  return [...new Set(ids)].slice(-IDS_MAX);
}

/** The id of a Message-ID value with its angle brackets; one written without them gets them. Undefined when empty. */
export function parseMessageId(value: string): string | undefined {
  const [first] = parseMessageIds(value);
  if (first !== undefined) return first;
  const bare = /^[^\s<>()]+/.exec(value.trim())?.[0];
  return bare === undefined ? undefined : `<${bare}>`;
}
