import { responseCode } from '#wire';
import { AnnotationNews } from '../metadata/news.ts';
import type { Session } from '../session.ts';
import type { View } from '../view.ts';
import { FolderNews, TooManyFolders } from './folder-news.ts';
import { fetchAdded } from './new-messages.ts';
import { Registration } from './registration.ts';

/** NOTIFY of one session: what it wants to hear, and the followers of what there is to hear (RFC 5465). */
export class Notifications implements Disposable {
  readonly registration: Registration;
  readonly #session: Session;
  #folders: FolderNews | undefined;

  constructor(session: Session, registration: Registration) {
    this.#session = session;
    this.registration = registration;
  }

  /** Begins to follow, with what there is now; with `status` it is told first. @throws {TooManyFolders} */
  async begin(status: boolean): Promise<void> {
    if (!this.registration.watchesFolders) return;
    this.#folders = await FolderNews.begin(this.#session, this.registration);
    if (status) await this.#folders.tellAll();
    const annotations =
      this.registration.hears('MailboxMetadataChange') ||
      this.registration.hears('ServerMetadataChange');
    if (annotations) this.#session.news ??= await AnnotationNews.begin(this.#session);
  }

  /** There may be something to tell. */
  get stale(): boolean {
    return this.#folders?.stale === true;
  }

  /** Something happened in the own mailbox. */
  notice(): void {
    this.#folders?.notice();
  }

  /** Tells what it wants to know of messages that were added to the selected folder. */
  async tellAdded(view: View, added: number): Promise<void> {
    const items = this.registration.selected?.items;
    if (items !== undefined && added > 0) await fetchAdded(this.#session, view, added, items);
  }

  /** Looks what has changed in the folders and tells it. */
  async tell(): Promise<void> {
    try {
      await this.#folders?.tell();
    } catch (error) {
      if (!(error instanceof TooManyFolders)) throw error;
      tellOverflow(this.#session);
    }
  }

  [Symbol.dispose](): void {
    this.#folders?.[Symbol.dispose]();
    this.#folders = undefined;
  }
}

/** More is asked for than can be told: from now on it is nothing (RFC 5465 §5.8). */
export function tellOverflow(session: Session): void {
  session.notifyBy(new Notifications(session, new Registration([])));
  session.say('OK', 'There are too many folders to tell of', responseCode.notificationOverflow());
}
