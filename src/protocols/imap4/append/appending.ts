import { isPosthornError, PosthornError } from '#kernel';
import { hasRight } from '#model';
import type { Found, Incoming, NewMessage } from '#store';
import {
  type AppendHead,
  type AppendPlace,
  type AppendRun,
  type AppendStep,
  type AppendTarget,
  encodeContinuation,
  type LiteralAnnouncement,
  parseAppendNext,
  type ResponseCode,
  responseCode,
} from '#wire';
import { bad, type Completion, no } from '../completion.ts';
import { ContentGone } from '../fetch/content.ts';
import { splitFlags } from '../flags.ts';
import { saveLimitOf } from '../message-limit.ts';
import { noteOwnMessages } from '../notify/own-messages.ts';
import { claimingView } from '../recent.ts';
import type { Session } from '../session.ts';
import { openUrl } from './catenate.ts';

/** An APPEND or REPLACE from the moment when its first literal is announced, or when it has come without any. */
export interface ComingMessages<Target extends AppendTarget = AppendTarget> {
  readonly tag: string;
  readonly target: Target;
  readonly run: AppendRun;
}

type Literal = NonNullable<AppendRun['literal']>;

/** A URL that comes as a literal. */
const URL_BYTES_MAX = 8192;
/** From here on a literal is worth a look at the quota before it is taken. */
const LOOK_BYTES = 64 * 1024;

/** The message that is being taken. */
interface Current {
  readonly head: AppendHead;
  readonly incoming: Incoming;
  sizeBytes: number;
}

/**
 * Takes the messages of an APPEND or REPLACE as they come, into the store's hands; nothing of them stays unless `store` is
 * called. Dispose it in any case.
 */
export class Appending implements AsyncDisposable {
  readonly #session: Session;
  readonly #name: AppendTarget['name'];
  readonly #bodies = new AsyncDisposableStack();
  readonly #messages: NewMessage[] = [];
  #target: Found | undefined;
  #current: Current | undefined;
  /** Bytes of messages that wait in memory for the last one; large ones wait as blobs. */
  #heldBytes = 0;
  /** Messages that may have files by now and are not handed to the store yet. */
  #finished: Incoming[] = [];
  /** What the quota leaves, as far as it was looked at. */
  #roomBytes = Number.POSITIVE_INFINITY;
  #roomMessages = Number.POSITIVE_INFINITY;
  /** Why the command will fail although the client still sends. */
  #failure: Error | undefined;

  constructor(session: Session, name: AppendTarget['name']) {
    this.#session = session;
    this.#name = name;
  }

  /** Takes all of it; a completion when that is refused, undefined when the client went away. */
  async take(mailbox: string, first: AppendRun): Promise<'all' | Completion | undefined> {
    const { connection, server } = this.#session;
    const { idleTimeoutMs } = connection;
    connection.idleTimeoutMs = server.limits.literalTimeoutMs;
    try {
      return await this.#takeRuns(mailbox, first);
    } finally {
      connection.idleTimeoutMs = idleTimeoutMs;
    }
  }

  /**
   * Stores what was taken, all or none.
   *
   * @returns APPENDUID, unless it would tell of a mailbox that the client cannot look into (RFC 4315 §3)
   */
  async store(): Promise<ResponseCode | undefined> {
    // From here on it is the store that knows what stays.
    this.#finished = [];
    const { mailbox, folder } = this.#target!;
    const view = claimingView(this.#session, this.#target!);
    const { entries } = await mailbox.append(folder.folderId, this.#messages, view !== undefined);
    const uids = entries.map(({ uid }) => uid);
    for (const { uid, recentFrom } of entries)
      if (recentFrom !== undefined) view?.addRecent(recentFrom, uid + 1);
    noteOwnMessages(this.#session, folder, uids);
    if (!hasRight(await mailbox.rights(folder.folderId), 'r')) return undefined;
    return responseCode.appendUid(entries[0]!.uidValidity, uids);
  }

  /** Nothing of a command that did not end well may fill the disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hold(-this.#heldBytes);
    for (const incoming of this.#finished) await incoming.discard();
    await this.#bodies[Symbol.asyncDispose]();
  }

  #hold(sizeBytes: number): void {
    this.#heldBytes += sizeBytes;
    this.#session.server.appends.heldBytes += sizeBytes;
  }

  async #takeRuns(mailbox: string, first: AppendRun): Promise<'all' | Completion | undefined> {
    const { reader } = this.#session.input;
    let refusal = await this.#open(mailbox, first.literal);
    for (let run = first; ; ) {
      for (const step of run.steps) refusal ??= await this.#do(step);
      const { literal } = run;
      if (literal !== undefined) refusal ??= this.#refusalOf(literal);
      if (refusal !== undefined) {
        if (literal !== undefined) reader.refuse();
        return refusal;
      }
      if (literal === undefined) break;
      reader.stream();
      if (literal.synchronizing) this.#session.write(encodeContinuation('go ahead'));
      const taken = await this.#takeLiteral(literal);
      if (taken === 'lost') return undefined;
      refusal = taken;
      const following = await this.#following(literal.as);
      if (following === undefined || 'condition' in following) return following;
      run = following;
    }
    if (this.#failure !== undefined) throw this.#failure;
    return 'all';
  }

  async #open(name: string, literal: Literal | undefined): Promise<Completion | undefined> {
    const target = await this.#session.names.find(name);
    // RFC 9051 §6.3.12: the client may CREATE it and try again.
    if (target === undefined) return no('There is no such mailbox', 'TRYCREATE');
    const { mailbox, folder } = target;
    if (!hasRight(await mailbox.rights(folder.folderId), 'i'))
      return no('You may not put messages there', 'NOPERM');
    this.#target = target;
    // The store looks at the quota in any case: here it is for those who ask before they send, or send much.
    if (literal?.synchronizing || (literal?.size ?? 0) >= LOOK_BYTES)
      await this.#lookAtQuota(mailbox);
    return undefined;
  }

  async #lookAtQuota(mailbox: Found['mailbox']): Promise<void> {
    const info = await mailbox.info();
    if (info === undefined) throw new PosthornError('no-mailbox');
    this.#roomBytes = (info.quotaBytes ?? Number.POSITIVE_INFINITY) - info.usedBytes;
    this.#roomMessages = (info.quotaMessages ?? Number.POSITIVE_INFINITY) - info.usedMessages;
  }

  /** Does a step; a completion when that is refused. */
  async #do(step: AppendStep): Promise<Completion | undefined> {
    switch (step.step) {
      case 'begin':
        return this.#begin(step.head);
      case 'data':
        return this.#refusalOfBytes(step.bytes.length) ?? (await this.#write(step.bytes));
      case 'url':
        return this.#writeUrl(step.url);
      case 'end':
        return this.#finish();
    }
  }

  #begin(head: AppendHead): Completion | undefined {
    const { server, utf8 } = this.#session;
    if (head.utf8 && !utf8) return bad('APPEND: UTF8 needs ENABLE UTF8=ACCEPT');
    const limit = saveLimitOf(server.limits);
    if (limit !== undefined && this.#messages.length >= limit)
      return no('Too many messages for one command', responseCode.messageLimit(limit));
    if (this.#messages.length >= server.limits.appendMessagesMax)
      return no('Too many messages in one APPEND', 'LIMIT');
    if (this.#messages.length >= this.#roomMessages) return no('The mailbox is full', 'OVERQUOTA');
    const { appendHeldBytesMax, appendsHeldBytesMax } = server.limits;
    const isFull =
      this.#heldBytes > appendHeldBytesMax || server.appends.heldBytes > appendsHeldBytesMax;
    const incoming = this.#bodies.use(server.store.incoming('', isFull ? 0 : undefined));
    this.#current = { head, incoming, sizeBytes: 0 };
    return undefined;
  }

  /** Why a literal is not taken; said before the client sends it, if it waits for that. */
  #refusalOf({ as, size }: Literal): Completion | undefined {
    if (as === 'url') return size > URL_BYTES_MAX ? no('The URL is too long', 'TOOBIG') : undefined;
    if (as !== 'text' && size === 0) return no('A message cannot be empty');
    return this.#refusalOfBytes(size);
  }

  #refusalOfBytes(count: number): Completion | undefined {
    const current = this.#current!;
    current.sizeBytes += count;
    this.#roomBytes -= count;
    if (current.sizeBytes > this.#session.server.limits.appendBytesMax)
      return no('The message is too large', 'TOOBIG');
    return this.#roomBytes < 0 ? no('The mailbox is full', 'OVERQUOTA') : undefined;
  }

  /** Takes a literal's bytes; "lost" when the client went away. */
  async #takeLiteral({ as }: Literal): Promise<'lost' | Completion | undefined> {
    const gathered: Buffer[] = [];
    for (;;) {
      const step = await this.#session.input.next();
      if (step?.kind === 'literal-end') break;
      if (step?.kind !== 'data') return 'lost';
      if (as === 'url') gathered.push(step.bytes);
      else await this.#write(step.bytes);
    }
    return as === 'url' ? this.#writeUrl(Buffer.concat(gathered).toString('latin1')) : undefined;
  }

  async #write(bytes: Buffer): Promise<undefined> {
    const { incoming } = this.#current!;
    if (this.#failure === undefined) await this.#attempt(() => incoming.write(bytes));
  }

  /** Appends what a URL names (RFC 4469 §3). */
  async #writeUrl(url: string): Promise<Completion | undefined> {
    const opened = await openUrl(this.#session, url);
    const nothing = no('That URL leads to no message here', responseCode.badUrl(url));
    if (opened === undefined) return nothing;
    try {
      for await (const piece of opened) {
        const refusal = this.#refusalOfBytes(piece.length);
        if (refusal !== undefined) return refusal;
        await this.#write(piece);
      }
      return undefined;
    } catch (error) {
      if (error instanceof ContentGone) return nothing;
      throw error;
    }
  }

  async #finish(): Promise<Completion | undefined> {
    const { head, incoming, sizeBytes } = this.#current!;
    if (sizeBytes === 0) return no('A message cannot be empty');
    await this.#attempt(async () => {
      if (this.#failure !== undefined) return;
      const content = await incoming.finish();
      this.#finished.push(incoming);
      const internalMs = head.internalDateMs ?? this.#session.server.clock.now();
      if (content.body.kind === 'bytes') this.#hold(content.sizeBytes);
      this.#messages.push({ content, ...splitFlags(head.flags), internalMs });
    });
    return undefined;
  }

  /** A failure of the store is kept until the client has sent all that it announced. */
  async #attempt(run: () => Promise<void> | undefined): Promise<void> {
    try {
      const pending = run();
      if (pending !== undefined) await pending;
    } catch (error) {
      if (!isPosthornError(error)) throw error;
      this.#failure = error;
    }
  }

  /** How the command goes on behind a literal; undefined when the client went away. */
  async #following(place: AppendPlace): Promise<AppendRun | Completion | undefined> {
    const { input, tag, utf8: utf8Names } = this.#session;
    const step = await input.next();
    if (step?.kind === 'error') return bad(step.text);
    if (step?.kind !== 'command' && step?.kind !== 'literal') return undefined;
    const next = parseAppendNext(step.bytes, { utf8Names }, { name: this.#name, place, tag });
    if (next.ok && isAnnounced(next.literal) === (step.kind === 'literal')) return next;
    if (step.kind === 'literal') input.reader.refuse();
    if (next.ok) return bad(`${this.#name}: expected a message as a literal`);
    return { condition: next.status, text: next.text, ...(next.code && { code: next.code }) };
  }
}

function isAnnounced(literal: LiteralAnnouncement | undefined): boolean {
  return literal !== undefined;
}
