import { setImmediate } from 'node:timers/promises';
import { type Account, type SaslChannel, saslChannel } from '#directory';
import { type Connection, type Logger, waits } from '#kernel';
import type { Change, Uid } from '#model';
import { type Mailbox, Namespace } from '#store';
import { encodeStatus, type Ranges, responseCode } from '#wire';
import { Arrivals } from './arrivals.ts';
import { Contexts } from './context/contexts.ts';
import { Follower } from './follower.ts';
import { Input } from './input.ts';
import type { AnnotationNews } from './metadata/news.ts';
import type { Notifications } from './notify/notifications.ts';
import type { Progress } from './progress.ts';
import { refresh } from './refresh.ts';
import type { ServerContext } from './server-context.ts';
import { switchedOff } from './switched-off.ts';
import type { View } from './view.ts';

/** Extensions that ENABLE switches on (RFC 9051 §6.3.1). */
export type Extension =
  | 'IMAP4rev2'
  | 'CONDSTORE'
  | 'QRESYNC'
  | 'UTF8=ACCEPT'
  | 'UIDONLY'
  | 'METADATA'
  | 'METADATA-SERVER';

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
  /** Told how far the command that is being done has come, where that is of use. */
  progress: Progress | undefined;
  /** Searches in the selected folder whose results are followed. */
  readonly contexts = new Contexts();
  /** What is to be told of messages that come into the selected folder. */
  readonly arrivals = new Arrivals();
  /** Tells what happens while the client waits. */
  readonly follower = new Follower(this);
  /** Annotations of which the client is told, after ENABLE METADATA or by NOTIFY. */
  news: AnnotationNews | undefined;
  authFailures = 0;
  /** Commands in a row that were BAD. */
  badCommands = 0;
  #clientName: string | undefined;
  #off: ReadonlySet<string>;
  #account: Account | undefined;
  #names: Namespace | undefined;
  #view: View | undefined;
  #watch: Disposable | undefined;
  /** Of the mailbox of the selected folder, where that is another than the own one. */
  #viewWatch: Disposable | undefined;
  #loginWait: Disposable | undefined;
  #over = false;
  #stopping = false;
  #notifications: Notifications | undefined;
  #removed = false;

  constructor(server: ServerContext, connection: Connection, log: Logger) {
    this.server = server;
    this.connection = connection;
    this.log = log;
    this.input = new Input(connection);
    this.#off = switchedOff(server.switchOffs, undefined, undefined);
    this.#awaitLogin();
    if (connection.guest !== undefined) connection.guest.showOut = () => this.#showOut();
  }

  /** What the client called itself. */
  get clientName(): string | undefined {
    return this.#clientName;
  }

  set clientName(name: string | undefined) {
    this.#clientName = name;
    this.#switchOff();
  }

  /** Capabilities that are switched off for this client and mailbox, in upper case. */
  get off(): ReadonlySet<string> {
    return this.#off;
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

  /** Whether who has logged in may change what belongs to others or to the server. */
  get isAdministrator(): boolean {
    return this.#account !== undefined && this.server.administrators.has(this.#account.address);
  }

  /** The own mailbox of who has logged in; only commands of the authenticated state may ask. */
  get mailbox(): Mailbox {
    return this.names.own;
  }

  /** The folders that who has logged in can name; only commands of the authenticated state may ask. */
  get names(): Namespace {
    if (this.#names === undefined) throw new Error('bug: nobody has logged in');
    return this.#names;
  }

  /** The view of the selected folder; only commands of the selected state may ask. */
  get view(): View {
    if (this.#view === undefined) throw new Error('bug: no folder is selected');
    return this.#view;
  }

  get selected(): boolean {
    return this.#view !== undefined;
  }

  /** What NOTIFY asked for; undefined when it was never used. */
  get notifications(): Notifications | undefined {
    return this.#notifications;
  }

  /** Whether the client hears of others' changes in the selected folder (RFC 5465 §3.1). */
  get tellsSelected(): boolean {
    return (
      this.#notifications === undefined || this.#notifications.registration.selected !== undefined
    );
  }

  /** Whether it hears of changed flags there. */
  get tellsFlags(): boolean {
    return this.#notifications?.registration.selected?.flags ?? this.#notifications === undefined;
  }

  /** Whether it may be told between commands that messages are gone, since it counts in uids (RFC 5465 §6.1.1). */
  get expungesAtAnyTime(): boolean {
    return this.#notifications?.registration.selected?.delayed === false;
  }

  /** Passwords may be asked for: the channel is encrypted or does not leave the machine. */
  get channelSecure(): boolean {
    return this.connection.secure || this.connection.loopback;
  }

  /** The connection as authentication sees it. */
  get saslChannel(): SaslChannel {
    return saslChannel(this.connection, this.channelSecure);
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

  /** Messages have no numbers, only uids (RFC 9586). */
  get uidOnly(): boolean {
    return this.enabled.has('UIDONLY');
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
    this.#switchOff();
    this.connection.guest?.settle();
    this.connection.idleTimeoutMs = this.server.limits.idleTimeoutMs;
    const mailbox = this.server.store.openMailbox(account.mailboxId, this.connection.owner);
    this.#names = new Namespace(mailbox);
    this.#watch = mailbox.watch((change) => this.#notice(change));
    return true;
  }

  /** Forgets who has logged in and all that came with it; somebody may log in again (RFC 8437 §3). */
  logOut(): void {
    const account = this.#account;
    if (account === undefined) return;
    this.unselect();
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#names = undefined;
    this.#account = undefined;
    this.#removed = false;
    this.#switchOff();
    this.news?.[Symbol.dispose]();
    this.news = undefined;
    this.#notifications?.[Symbol.dispose]();
    this.#notifications = undefined;
    this.enabled.clear();
    this.server.dismiss(account);
    this.connection.guest?.unsettle();
    this.#awaitLogin();
  }

  /** Selects a folder. */
  select(view: View): void {
    this.#leaveView();
    this.#view = view;
    const { mailbox } = view;
    if (mailbox.mailboxId !== this.mailbox.mailboxId)
      this.#viewWatch = mailbox.watch((change) => this.#noticeInView(change));
    this.savedResult = [];
    this.contexts.clear();
  }

  /** Leaves the selected folder, if there is one. */
  unselect(): void {
    this.#leaveView();
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
    const view = this.#view;
    if (view === undefined) return;
    await refresh(this, view, mayExpunge);
    if (view === this.#view) await this.arrivals.tell(this, view);
  }

  /** From now on this is told, in place of whatever was before. */
  notifyBy(notifications: Notifications): void {
    this.#notifications?.[Symbol.dispose]();
    this.news?.[Symbol.dispose]();
    this.#notifications = notifications;
    this.news = notifications.annotations;
  }

  /** Tells what happened to folders and annotations, where the client wants to hear of that. */
  async tellFolders(): Promise<void> {
    await this.#notifications?.tell();
    await this.news?.tell();
  }

  /** Whether there may be something to tell that the client wants to hear. */
  get hasNews(): boolean {
    return this.#hasNewsOfView || this.news?.stale === true || this.#notifications?.stale === true;
  }

  /** Tells it. @param mayExpunge also which messages are gone */
  async tellNews(mayExpunge: boolean): Promise<void> {
    if (this.#hasNewsOfView) await this.update(mayExpunge);
    await this.tellFolders();
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
    if (this.input.waiting) this.follower.whenQuiet(() => this.leave());
  }

  /** Says why the session must end now, if it must, and ends it. */
  leave(): void {
    if (this.#removed) this.bye('The mailbox was removed', 'UNAVAILABLE');
    else if (this.#stopping) this.bye('The server is shutting down', 'UNAVAILABLE');
  }

  /** Lets go of everything; the conversation is over. */
  dispose(): void {
    this.#over = true;
    this.follower[Symbol.dispose]();
    this.#loginWait?.[Symbol.dispose]();
    this.#watch?.[Symbol.dispose]();
    this.news?.[Symbol.dispose]();
    this.#notifications?.[Symbol.dispose]();
    this.unselect();
  }

  #leaveView(): void {
    if (this.#view !== undefined) this.#notifications?.leave(this.#view);
    this.arrivals.clear();
    this.#viewWatch?.[Symbol.dispose]();
    this.#viewWatch = undefined;
    this.#view = undefined;
  }

  /** Makes room for others, who may log in. */
  #showOut(): void {
    this.say('BYE', 'Too many connections and you have not logged in, try again', 'LIMIT');
    this.#over = true;
    this.input.close();
    this.connection.part();
  }

  #switchOff(): void {
    const { switchOffs } = this.server;
    this.#off = switchedOff(switchOffs, this.#clientName, this.#account?.address);
  }

  #awaitLogin(): void {
    const { loginTimeoutMs } = this.server.limits;
    this.connection.idleTimeoutMs = loginTimeoutMs;
    this.#loginWait = waits.enter('the login', this.connection.owner, loginTimeoutMs, () =>
      this.bye('Too slow to log in'),
    );
  }

  #notice(change: Change): void {
    if (change.kind === 'mailbox-removed') {
      this.#removed = true;
      if (this.input.waiting) this.follower.whenQuiet(() => this.leave());
      return;
    }
    if (change.kind === 'folders') this.news?.notice();
    this.#notifications?.notice(change);
    if (change.kind !== 'directory' && change.mailboxId === this.#view?.mailbox.mailboxId)
      this.#noticeInView(change);
    else this.follower.wake();
  }

  /** Something happened in the mailbox of the selected folder. */
  #noticeInView(change: Change): void {
    const view = this.#view;
    if (view === undefined) return;
    if (change.kind === 'entries' && change.folderId !== view.folderId) return;
    view.stale = true;
    this.follower.wake();
  }

  get #hasNewsOfView(): boolean {
    if (this.#view === undefined || !this.tellsSelected) return false;
    const { stale, hasGone } = this.#view;
    return stale || this.arrivals.waiting || (hasGone && this.expungesAtAnyTime);
  }
}
