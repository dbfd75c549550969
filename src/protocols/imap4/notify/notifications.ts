import type { Change } from '#model';
import { responseCode } from '#wire';
import { AnnotationNews } from '../metadata/news.ts';
import type { Session } from '../session.ts';
import type { View } from '../view.ts';
import { FolderNews } from './folder-news.ts';
import { type Heard, TooManyFolders } from './heard.ts';
import { Registration } from './registration.ts';

/** NOTIFY of one session: what it wants to hear, and the followers of what there is to hear (RFC 5465). */
export class Notifications implements Disposable {
  readonly registration: Registration;
  readonly #session: Session;
  #folders: FolderNews | undefined;
  #annotations: AnnotationNews | undefined;

  constructor(session: Session, registration: Registration) {
    this.#session = session;
    this.registration = registration;
  }

  /** Begins to follow, with what there is now; that is told first, with `status` all of it. @throws {TooManyFolders} */
  async begin(status: boolean): Promise<void> {
    const { registration } = this;
    const ofFolders = registration.hears('MailboxMetadataChange');
    if (ofFolders || registration.hears('ServerMetadataChange')) {
      const others = ofFolders && registration.others;
      this.#annotations = await AnnotationNews.begin(this.#session, others);
    }
    if (!registration.watchesFolders) return;
    this.#folders = await FolderNews.begin(this.#session, registration);
    await this.#folders.tellAll(status);
  }

  /** What is told of annotations. */
  get annotations(): AnnotationNews | undefined {
    return this.#annotations;
  }

  /** What the client has heard of folders, if it wants to hear of any: a command notes there what it did itself. */
  get heard(): Heard | undefined {
    return this.#folders?.heard;
  }

  /** There may be something to tell. */
  get stale(): boolean {
    return this.#folders?.stale === true;
  }

  /** Something happened in the own mailbox. */
  notice(change: Change): void {
    this.#folders?.notice(change);
  }

  /** The selected folder is left: from now on it is told of as of others. */
  leave(view: View): void {
    this.heard?.leave(view, 0);
    this.#folders?.doubt();
  }

  /** Looks what has changed in the folders and tells it. */
  async tell(): Promise<void> {
    try {
      await this.#folders?.tell();
    } catch (error) {
      if (!(error instanceof TooManyFolders)) throw error;
      // From now on nothing is told, as after NOTIFY NONE (RFC 5465 §5.8).
      this.#session.notifyBy(new Notifications(this.#session, new Registration([])));
      const code = responseCode.notificationOverflow();
      this.#session.say('OK', 'There are too many folders to tell of', code);
    }
  }

  [Symbol.dispose](): void {
    this.#folders?.[Symbol.dispose]();
    this.#folders = undefined;
    this.#annotations?.[Symbol.dispose]();
    this.#annotations = undefined;
  }
}
