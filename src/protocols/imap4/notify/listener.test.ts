// What the tests of NOTIFY share: somebody who listens, and what is heard. No tests of its own.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { PosthornError } from '#kernel';
import type { Mailbox } from '#store';
import type { ImapClient } from '../../../../test/clients/imap.ts';
import { type Stand, type StandOptions, stand } from '../stand.test.ts';

export const MESSAGES = 'MessageNew MessageExpunge';

/** A listener with a registration, and somebody else who does things; there are Work, Work/Deep, and Fun. */
export async function pair(
  t: TestContext,
  groups: string,
  { before = [], ...options }: StandOptions & { readonly before?: readonly string[] } = {},
): Promise<Stand & { readonly ear: ImapClient; readonly other: ImapClient }> {
  const house = await stand(t, options);
  const other = await house.open('CREATE Work', 'CREATE Work/Deep', 'CREATE Fun');
  const ear = await house.open(...before, `NOTIFY SET ${groups}`);
  return { ...house, ear, other };
}

/** What the client is told next, without having asked. */
export async function told(client: ImapClient): Promise<Record<string, unknown>> {
  const response = await client.response();
  assert.ok(response.kind === 'untagged', JSON.stringify(response));
  return response.data as unknown as Record<string, unknown>;
}

export async function status(client: ImapClient, mailbox: string): Promise<Map<string, unknown>> {
  const data = await told(client);
  assert.deepEqual([data['type'], data['mailbox']], ['STATUS', mailbox]);
  return data['items'] as Map<string, unknown>;
}

/** The name that a folder had before. */
export function oldNameIn(data: Record<string, unknown>): unknown {
  const old = (data['extended'] as ReadonlyMap<string, readonly unknown[]>).get('OLDNAME');
  return old === undefined ? undefined : String(old[0]);
}

/** Nothing is told: what comes is the answer to a command that tells nothing by itself. */
export async function quiet(client: ImapClient): Promise<void> {
  assert.deepEqual((await client.ok('CAPABILITY')).untagged.length, 1);
}

/** What the client is told next of a name. */
export async function line(client: ImapClient): Promise<readonly unknown[]> {
  const data = await told(client);
  assert.equal(data['type'], 'LIST', JSON.stringify(data));
  const old = oldNameIn(data);
  const known = [data['mailbox'], ...(data['attributes'] as readonly string[])];
  return old === undefined ? known : [...known, `was ${old}`];
}

/** All happens while the client is in the middle of a command, so that it is seen at one look. */
export async function atOnce(client: ImapClient, act: () => Promise<unknown>): Promise<void> {
  client.send('busy APPEND Trash {1}\r\n');
  assert.equal((await client.response()).kind, 'continue');
  await act();
  client.send('x\r\n');
  assert.equal((await client.completion('busy')).status, 'OK');
}

/** Mailboxes in which something happens before a read: it waits for that, and fails with it. */
export interface Hooked {
  before: Partial<
    Record<'entries' | 'states' | 'folder' | 'folders' | 'subscriptions', () => Promise<unknown>>
  >;
  readonly over: (real: Mailbox) => Mailbox;
}

export function hooked(): Hooked {
  const hooks: Hooked = {
    before: {},
    over: (real) =>
      new Proxy(real, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            const before = hooks.before[name as 'entries'];
            if (before === undefined) return value.apply(target, args);
            return before().then(() => value.apply(target, args));
          };
        },
      }),
  };
  return hooks;
}

/** Fails so many times, then no more. */
export function failing(times: number): { readonly left: number; fail(): Promise<void> } {
  let left = times;
  return {
    get left() {
      return left;
    },
    async fail() {
      if (left-- > 0) throw new PosthornError('unavailable');
    },
  };
}
