import { PosthornError } from '#kernel';
import type { Folder } from '#model';
import type { Mailbox } from './mailbox.ts';

/** A folder with the mailbox it is in; its name here is `mailbox.prefix + folder.name`. */
export interface Found {
  readonly mailbox: Mailbox;
  readonly folder: Folder;
}

/** Where a name leads, whether there is such a folder or not. */
export interface Place {
  readonly mailbox: Mailbox;
  /** The name within that mailbox. */
  readonly name: string;
}

/** The folders that one account can name, each with its mailbox. */
export class Namespace {
  /** The account's own mailbox. */
  readonly own: Mailbox;

  constructor(own: Mailbox) {
    this.own = own;
  }

  /** Finds a folder by its name as a user wrote it; undefined when there is none. */
  async find(name: string): Promise<Found | undefined> {
    const { mailbox, name: inMailbox } = await this.place(name);
    const folder = await mailbox.folderByName(inMailbox);
    return folder === undefined ? undefined : { mailbox, folder };
  }

  /** The same, where nothing can be done without it. @throws {no-folder} */
  async get(name: string): Promise<Found> {
    const found = await this.find(name);
    if (found === undefined) throw new PosthornError('no-folder');
    return found;
  }

  /** Says to which mailbox a name belongs. */
  async place(name: string): Promise<Place> {
    return { mailbox: this.own, name };
  }

  /** All folders. */
  async folders(): Promise<readonly Found[]> {
    const { own: mailbox } = this;
    return (await mailbox.folders()).map((folder) => ({ mailbox, folder }));
  }
}
