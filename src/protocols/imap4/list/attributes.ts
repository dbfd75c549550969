import { type FolderTree, type Listed, specialUseOf } from './tree.ts';

/** Attributes of a name (RFC 9051 §7.3.1); special uses are told always (RFC 6154 §2). */
export function attributesOf(
  tree: FolderTree,
  { name, found, subscribed }: Listed,
): readonly string[] {
  const attributes: string[] = [];
  const use = found && specialUseOf(found);
  const hasChildren = tree.hasChildren(name);
  if (found === undefined) attributes.push('\\NonExistent');
  else if (use !== undefined) attributes.push(use);
  // Old clients know nothing of \NonExistent, which implies it (RFC 9051 §7.3.1).
  if (found === undefined && hasChildren) attributes.push('\\Noselect');
  attributes.push(hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  if (subscribed) attributes.push('\\Subscribed');
  return attributes;
}
