import type { FlagSet } from '#model';

/** What a source knows of a message beside its bytes. */
export interface SourceMessage {
  /** Where it stands, for a person: file, or file and offset. */
  readonly where: string;
  /** Folder levels below the target. */
  readonly levels: readonly string[];
  readonly flags: FlagSet;
  readonly keywords: readonly string[];
  /** When it was received, ms since 1970; undefined when only its header can tell. */
  readonly receivedMs: number | undefined;
  /** When its file was written: what counts when nothing else tells. */
  readonly writtenMs: number;
  /** Its header carries flags (Status and X-Status of mbox files). */
  readonly flagsInHeader: boolean;
}

/** What a source yields, in order: each message is `begin`, any number of `bytes`, `end`. */
export type SourceEvent =
  | { readonly kind: 'begin'; readonly message: SourceMessage }
  /** Bytes of the message as they are in the source; the buffer is not used again. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  /** The message that has begun cannot be read to its end: forget it. */
  | { readonly kind: 'skip'; readonly where: string; readonly reason: string }
  /** So many bytes of the source are done. */
  | { readonly kind: 'done'; readonly bytes: number };

/** Mail to be imported, looked at but not read yet. */
export interface Source {
  readonly totalBytes: number;
  /** Folders that are there even when they hold no message. */
  readonly folders: readonly (readonly string[])[];
  /** Reads everything once, in bounded pieces. */
  read(): AsyncIterable<readonly SourceEvent[]>;
}
