import { isPosthornError, PosthornError } from '#kernel';
import type { FolderId } from '#model';
import type { Incoming, NewMessage } from '#store';
import {
  type AppendHead,
  type AppendLiteral,
  type AppendNext,
  encodeContinuation,
  type LiteralAnnouncement,
  parseAppendNext,
  responseCode,
} from '#wire';
import { bad, type Completion, no, ok } from '../completion.ts';
import { complete } from '../dispatch.ts';
import { splitFlags } from '../flags.ts';
import type { Session } from '../session.ts';

type FirstMessage = Extract<AppendLiteral, { readonly kind: 'message' }>;

/** A message of the command, announced and not taken yet. */
interface Announced {
  readonly head: AppendHead;
  readonly literal: LiteralAnnouncement;
}

/** What one APPEND of many messages may hold in memory. */
const HELD_BYTES_MAX = 32 * 1024 * 1024;

/**
 * APPEND (RFC 9051 §6.3.12) of one or more messages, all or none (RFC 3502), from the moment when its first message is
 * announced. Messages go to the store as they come; nothing of them stays unless the command ends well.
 */
export async function append(session: Session, first: FirstMessage): Promise<void> {
  session.tag = first.tag;
  session.byUid = false;
  const { reader } = session.input;
  const idleTimeoutMs = session.connection.idleTimeoutMs;
  session.connection.idleTimeoutMs = session.server.limits.literalTimeoutMs;
  let completion: Completion | undefined;
  try {
    const target = await targetOf(session, first);
    if ('condition' in target) {
      reader.refuse();
      completion = target;
    } else completion = await new Appending(session, target.folderId, target.roomBytes).run(first);
  } finally {
    session.connection.idleTimeoutMs = idleTimeoutMs;
  }
  if (completion === undefined) return;
  if (session.selected) await session.update(true);
  complete(session, first.tag, completion);
}

interface Target {
  readonly folderId: FolderId;
  /** What the quota leaves. */
  readonly roomBytes: number;
}

async function targetOf(
  session: Session,
  { mailbox: name }: FirstMessage,
): Promise<Target | Completion> {
  const { mailbox } = session;
  const folder = await mailbox.folderByName(name);
  // RFC 9051 §6.3.12: the client may CREATE it and try again.
  if (folder === undefined) return no('There is no such mailbox', 'TRYCREATE');
  const info = await mailbox.info();
  if (info === undefined) throw new PosthornError('no-mailbox');
  const roomBytes = (info.quotaBytes ?? Number.POSITIVE_INFINITY) - info.usedBytes;
  return { folderId: folder.folderId, roomBytes };
}

/** The course of one APPEND. */
class Appending {
  readonly #session: Session;
  readonly #folderId: FolderId;
  readonly #messages: NewMessage[] = [];
  /** Bytes of messages that wait in memory for the last one; large ones wait as blobs. */
  #heldBytes = 0;
  /** Messages that may have files by now and are not handed to the store yet. */
  #finished: Incoming[] = [];
  #roomBytes: number;
  /** Why the command will fail although the client still sends. */
  #failure: Error | undefined;

  constructor(session: Session, folderId: FolderId, roomBytes: number) {
    this.#session = session;
    this.#folderId = folderId;
    this.#roomBytes = roomBytes;
  }

  /** Takes all messages and stores them; undefined when the client went away. */
  async run(first: Announced): Promise<Completion | undefined> {
    await using bodies = new AsyncDisposableStack();
    bodies.defer(() => this.#discard());
    const taken = await this.#takeAll(first, bodies);
    if (taken !== 'all') return taken;
    if (this.#failure !== undefined) throw this.#failure;
    // From here on it is the store that knows what stays.
    this.#finished = [];
    const stored = await this.#session.mailbox.append(this.#folderId, this.#messages);
    const uids = stored.entries.map((entry) => entry.uid);
    return ok('APPEND completed', responseCode.appendUid(stored.entries[0]!.uidValidity, uids));
  }

  /** Takes the messages as they come; a completion when one is refused, undefined when the client went away. */
  async #takeAll(
    first: Announced,
    bodies: AsyncDisposableStack,
  ): Promise<'all' | Completion | undefined> {
    const { reader } = this.#session.input;
    for (let next: Announced | undefined = first; next !== undefined; ) {
      const refusal = this.#refusalOf(next);
      if (refusal !== undefined) {
        reader.refuse();
        return refusal;
      }
      reader.stream();
      if (next.literal.synchronizing) this.#session.write(encodeContinuation('go ahead'));
      if (!(await this.#take(next, bodies))) return undefined;
      const following = await this.#following(next.head.utf8);
      if (following === undefined || 'condition' in following) return following;
      next = following.kind === 'message' ? following : undefined;
    }
    return 'all';
  }

  /** Nothing of a command that did not end well may fill the disk. */
  async #discard(): Promise<void> {
    for (const incoming of this.#finished) await incoming.discard();
  }

  /** Why a message is not taken; said before the client sends it, if it waits for that. */
  #refusalOf({ head, literal: { size } }: Announced): Completion | undefined {
    const { limits } = this.#session.server;
    if (head.utf8 && !this.#session.utf8) return bad('APPEND: UTF8 needs ENABLE UTF8=ACCEPT');
    if (size === 0) return no('A message cannot be empty');
    if (size > limits.appendBytesMax) return no('The message is too large', 'TOOBIG');
    if (this.#messages.length >= limits.appendMessagesMax)
      return no('Too many messages in one APPEND', 'LIMIT');
    if (this.#heldBytes > HELD_BYTES_MAX) return no('Too much in one APPEND, use several', 'LIMIT');
    this.#roomBytes -= size;
    return this.#roomBytes < 0 ? no('The mailbox is full', 'OVERQUOTA') : undefined;
  }

  /** Takes a message's bytes; false when the client went away. */
  async #take({ head }: Announced, bodies: AsyncDisposableStack): Promise<boolean> {
    const incoming = bodies.use(this.#session.server.store.incoming());
    for (;;) {
      const step = await this.#session.input.next();
      if (step?.kind === 'literal-end') break;
      if (step?.kind !== 'data') return false;
      if (this.#failure === undefined) await this.#attempt(() => incoming.write(step.bytes));
    }
    await this.#attempt(async () => {
      if (this.#failure !== undefined) return;
      const content = await incoming.finish();
      this.#finished.push(incoming);
      const internalMs = head.internalDateMs ?? this.#session.server.clock.now();
      if (content.body.kind === 'bytes') this.#heldBytes += content.sizeBytes;
      this.#messages.push({ content, ...splitFlags(head.flags), internalMs });
    });
    return true;
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

  /** How the command goes on behind a message; undefined when the client went away. */
  async #following(
    utf8: boolean,
  ): Promise<Extract<AppendNext, { readonly ok: true }> | Completion | undefined> {
    const { input, tag } = this.#session;
    const step = await input.next();
    if (step?.kind === 'error') return bad(step.text);
    if (step?.kind !== 'command' && step?.kind !== 'literal') return undefined;
    const next = parseAppendNext(step.bytes, { utf8Names: this.#session.utf8 }, { utf8, tag });
    if (next.ok && (next.kind === 'message') === (step.kind === 'literal')) return next;
    if (step.kind === 'literal') input.reader.refuse();
    if (next.ok) return bad('APPEND: expected a message as a literal');
    return { condition: next.status, text: next.text, ...(next.code && { code: next.code }) };
  }
}
