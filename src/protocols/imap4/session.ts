import { setImmediate } from 'node:timers/promises';
import type { SecureContext } from 'node:tls';
import type { Account, Directory } from '#directory';
import { type Clock, type Connection, type Logger, waits } from '#kernel';
import type { Change, Uid } from '#model';
import type { Mailbox, Store } from '#store';
import { encodeStatus, type Ranges, responseCode } from '#wire';
import { Contexts } from './context/contexts.ts';
import { Input } from './input.ts';
import type { ImapLimits } from './limits.ts';
import { refresh } from './refresh.ts';
import type { View } from './view.ts';

/** What all sessions of a server share. */
export interface ServerContext {
  /** The name that this server gives itself. */
  readonly hostname: string;
  readonly directory: Pick<Directory, 'verifyPassword' | 'startSasl' | 'saslMechanisms'>;
  readonly store: Pick<Store, 'openMailbox' | 'incoming'>;
  readonly clock: Clock;
  readonly limits: ImapLimits;
  /** With it STARTTLS is offered. */
  readonly secureContext: SecureContext | undefined;
  /** Counts a session of a mailbox; false when it has too many already. */
  admit(account: Account): boolean;
}

/** Extensions that ENABLE switches on (RFC 9051 §6.3.1). */
export type Extension = 'IMAP4rev2' | 'CONDSTORE' | 'QRESYNC' | 'UTF8=ACCEPT';

/** What one session remembers between commands, and its ways to the client. */
export class Session {
  readonly server: ServerContext;
  readonly connection: Connection;
  readonly log: Logger;
  readonly input: Input;
  readonly enabled = new Set<Extension>();
  /** The tag of the command that is being done. */
  tag = '*';
  /** Whether that command counts in uids: then its untagged FETCH responses name them (RFC 9051 §6.4.9). */
  byUid = false;
  /** What "$" stands for (RFC 9051 §6.4.4.1); ranges may hold uids that are gone by now, which name nothing. */
  savedResult: Ranges<Uid> = [];
  /** Searches in the selected folder whose results are followed. */
  readonly contexts = new Contexts();
  authFailures = 0;
  /** Commands in a row that were BAD. */
  badCommands = 0;
  #account: Account | undefined;
  #mailbox: Mailbox | undefined;
  #view: View | undefined;
  #watch: Disposable | undefined;
  #loginWait: Disposable | undefined;
  #over = false;
  #stopping = false;
  #idling = false;
  #removed = false;
  #updating: Promise<void> | undefined;

  constructor(server: ServerContext, connection: Connection, log: Logger) {
    this.server = server;
    this.connection = connection;
    this.log = log;
    this.input = new Input(connection);
    const { loginTimeoutMs } = server.limits;
    connection.idleTimeoutMs = loginTimeoutMs;
    this.#loginWait = waits.enter('the login', connection.owner, loginTimeoutMs, () =>
      this.bye('Too slow to log in'),
    );
  }

  /** The conversation is finished; nothing more is read. */
  get over(): boolean {
    return this.#over;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Who has logged in. */
  get account(): Account | undefined {
    return this.#account;
  }

  /** The mailbox of who has logged in; only commands of the authenticated state may ask. */
  get mailbox(): Mailbox {
    if (this.#mailbox === undefined) throw new Error('bug: nobody has logged in');
    return this.#mailbox;
  }

  /** The view of the selected folder; only commands of the selected state may ask. */
  get view(): View {
    if (this.#view === undefined) throw new Error('bug: no folder is selected');
    return this.#view;
  }

  get selected(): boolean {
    return this.#view !== undefined;
  }

  /** Passwords may be asked for: the channel is encrypted or does not leave the machine. */
  get channelSecure(): boolean {
    return this.connection.secure || this.connection.loopback;
  }

  get rev2(): boolean {
    return this.enabled.has('IMAP4rev2');
  }

  /** Mailbox names are UTF-8 in both directions (RFC 9051 §5.1, RFC 6855 §3). */
  get utf8(): boolean {
    return this.enabled.has('IMAP4rev2') || this.enabled.has('UTF8=ACCEPT');
  }

  /** Changes are told with their mod-sequences (RFC 7162 §3.1). */
  get condstore(): boolean {
    return this.enabled.has('CONDSTORE');
  }

  /** Expunges are told by uid (RFC 7162 §3.2.10). */
  get qresync(): boolean {
    return this.enabled.has('QRESYNC');
  }

  /** Sends a wire string or bytes; gathered and sent together. */
  write(data: string | Uint8Array): void {
    if (!this.#over) this.connection.write(data);
  }

  /** Sends an untagged `OK`, `NO` … */
  say(condition: 'OK' | 'NO' | 'BAD' | 'BYE', text: string, code?: string): void {
    this.write(encodeStatus('*', condition, text, code));
  }

  /** Lets the client take what has been written and others have their turn: between the batches of a long answer. */
  async breathe(): Promise<void> {
    if (this.connection.backlogged) await this.connection.drained();
    else await setImmediate();
  }

  /** Takes the mailbox of who has logged in. @returns false when it has too many sessions */
  logIn(account: Account): boolean {
    if (!this.server.admit(account)) return false;
    this.#loginWait?.[Symbol.dispose]();
    this.#loginWait = undefined;
    this.#account = account;
    this.connection.idleTimeoutMs = this.server.limits.idleTimeoutMs;
    const mailbox = this.server.store.openMailbox(account.mailboxId, this.connection.owner);
    this.#mailbox = mailbox;
    this.#watch = mailbox.watch((change) => this.#notice(change));
    return true;
  }

  /** Selects a folder. */
  select(view: View): void {
    this.#view = view;
    this.savedResult = [];
    this.contexts.clear();
  }

  /** Leaves the selected folder, if there is one. */
  unselect(): void {
    this.#view = undefined;
    this.savedResult = [];
    this.contexts.clear();
  }

  /** A command asked for mod-sequences: from now on changes are told with them (RFC 7162 §3.1). */
  enableCondstore(): void {
    if (this.condstore) return;
    this.enabled.add('CONDSTORE');
    if (this.#view !== undefined)
      this.say('OK', 'Highest', responseCode.highestModSeq(this.#view.modSeq));
  }

  /**
   * Tells the client what happened in the selected folder.
   *
   * @param mayExpunge also which messages are gone
   */
  async update(mayExpunge: boolean): Promise<void> {
    if (this.#view !== undefined) await refresh(this, this.#view, mayExpunge);
  }

  /** Tells what happens as it happens, until `endIdle`. */
  beginIdle(): void {
    this.#idling = true;
    this.#updateWhileIdle();
  }

  /** Stops telling; resolves when nothing is being told any more. */
  async endIdle(): Promise<void> {
    this.#idling = false;
    await this.#updating;
  }

  /** Ends the conversation with a last word. */
  bye(text: string, code?: string): void {
    if (this.#over) return;
    this.say('BYE', text, code);
    this.end();
  }

  /** Ends the conversation; what has been written goes out. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.input.close();
    this.connection.end();
  }

  /** Ends the conversation at once when it waits for the client, else after the command that is being done. */
  stop(): void {
    this.#stopping = true;
    if (this.input.waiting) this.leave();
  }

  /** Says why the session must end now, if it must, and ends it. */
  leave(): void {
    if (this.#removed) this.bye('The mailbox was removed', 'UNAVAILABLE');
    else if (this.#stopping) this.bye('The server is shutting down', 'UNAVAILABLE');
  }

  /** Lets go of everything; the conversation is over. */
  dispose(): void {
    this.#over = true;
    this.#idling = false;
    this.#loginWait?.[Symbol.dispose]();
    this.#watch?.[Symbol.dispose]();
    this.unselect();
  }

  #notice(change: Change): void {
    if (change.kind === 'mailbox-removed') {
      this.#removed = true;
      if (this.input.waiting) this.leave();
      return;
    }
    const view = this.#view;
    if (view === undefined || change.kind === 'directory') return;
    if (change.kind === 'entries' && change.folderId !== view.folderId) return;
    view.stale = true;
    if (this.#idling) this.#updateWhileIdle();
  }

  /** One at a time; hints that come meanwhile are looked at by the same run. */
  #updateWhileIdle(): void {
    this.#updating ??= this.#followChanges().finally(() => {
      this.#updating = undefined;
    });
  }

  async #followChanges(): Promise<void> {
    try {
      while (this.#idling && this.#view?.stale === true && !this.#over) {
        await this.update(true);
        if (this.connection.backlogged) await this.connection.drained();
      }
    } catch (error) {
      this.log.error({ err: error }, 'telling of changes in IDLE failed');
      this.bye('Something went wrong in the server', 'SERVERBUG');
    }
  }
}
