/** A part whose end has not been seen yet. */
import type { Part } from './part.ts';
import type { PartHead } from './part-head.ts';

const TEXT = { type: 'text', subtype: 'plain', params: [] } as const;
const OPAQUE = { type: 'application', subtype: 'octet-stream', params: [] } as const;

/** Builder of one {@link Part}: where it started, what its header said, what was found in it. */
export class OpenPart {
  readonly headStart: number;
  readonly parent: OpenPart | undefined;
  /** Whether this is the root of a message: of the whole one, or of an embedded one. */
  readonly isMessage: boolean;
  /** Header block gathered so far (wire string), until {@link head} is known. */
  headText = '';
  head: PartHead | undefined;
  bodyStart = -1;
  /** Line breaks seen before the body. */
  linesBefore = 0;
  envelope: string | undefined;
  /** Delimiter without its dashes, as long as delimiter lines of this multipart are looked for. */
  boundary: Buffer | undefined;
  /** Whether delimiter lines were ever looked for. */
  wasSearched = false;
  readonly children: Part[] = [];

  constructor(headStart: number, parent: OpenPart | undefined, isMessage: boolean) {
    this.headStart = headStart;
    this.parent = parent;
    this.isMessage = isMessage;
  }

  get inDigest(): boolean {
    return !this.isMessage && this.parent?.head?.subtype === 'digest';
  }

  /**
   * The finished part. A multipart in which no part was found is shown as text, so that its content stays reachable;
   * one that was not searched, because it is nested too deeply, as opaque data.
   */
  close(bodyEnd: number, lines: number): Part {
    const head = this.head!;
    const childless = head.type === 'multipart' && this.children.length === 0;
    const media = childless ? (this.wasSearched ? TEXT : OPAQUE) : head;
    return {
      headStart: this.headStart,
      bodyStart: this.bodyStart,
      bodyEnd,
      lines,
      type: media.type,
      subtype: media.subtype,
      params: media.params,
      encoding: head.encoding,
      id: head.id,
      description: head.description,
      disposition: head.disposition,
      language: head.language,
      location: head.location,
      md5: head.md5,
      children: this.children,
      envelope: this.envelope,
    };
  }
}
