import type { EventGroup, FetchItem, NotifyEvent } from '#wire';
import type { Listed } from '../list/tree.ts';
import { filterOf, type Matcher, namesOthers } from '../search/sources.ts';

/** What is told of the selected folder. */
export interface SelectedEvents {
  /** That messages are gone is told with the commands that allow it (RFC 5465 §6.2), not at any time (§6.1). */
  readonly delayed: boolean;
  readonly flags: boolean;
  /** What is fetched of each new message. */
  readonly items: readonly FetchItem[] | undefined;
}

interface FolderEvents {
  readonly matches: Matcher;
  readonly events: ReadonlySet<NotifyEvent>;
}

/** What a client wants to hear of, and nothing else (RFC 5465 §3.1). */
export class Registration {
  /** Undefined: nothing. */
  readonly selected: SelectedEvents | undefined;
  /** Whether folders of others may be meant: to know of them, all are asked what they share. */
  readonly others: boolean;
  readonly #groups: FolderEvents[] = [];

  constructor(groups: readonly EventGroup[]) {
    let others = false;
    for (const { filter, events, items } of groups) {
      if (filter.source === 'selected' || filter.source === 'selected-delayed') {
        if (events.has('MessageNew'))
          this.selected = {
            delayed: filter.source === 'selected-delayed',
            flags: events.has('FlagChange'),
            items,
          };
      } else {
        this.#groups.push({ matches: filterOf(filter), events });
        others ||= events.size > 0 && namesOthers(filter);
      }
    }
    this.others = others;
  }

  /** Whether there is anything to look for beside the selected folder. */
  get watchesFolders(): boolean {
    return this.#groups.some(({ events }) => events.size > 0);
  }

  /** Whether one of the events is wanted of any folder. */
  hears(event: NotifyEvent): boolean {
    return this.#groups.some(({ events }) => events.has(event));
  }

  /** Whether any event of a folder is told. */
  watches(folder: Listed): boolean {
    const first = this.#groups.find(({ matches }) => matches(folder));
    return first !== undefined && first.events.size > 0;
  }

  /**
   * Whether an event of a folder is told: the groups are gone through in their order, up to one that says so, or to one that says
   * NONE of it.
   */
  wants(event: NotifyEvent, folder: Listed): boolean {
    for (const { matches, events } of this.#groups) {
      if (!matches(folder)) continue;
      if (events.size === 0) return false;
      if (events.has(event)) return true;
    }
    return false;
  }
}
