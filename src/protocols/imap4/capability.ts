import type { Session } from './session.ts';
import { isOn } from './switched-off.ts';

/** What everybody may know before who they are. */
const ALWAYS = ['IMAP4rev2', 'IMAP4rev1', 'LITERAL+', 'SASL-IR', 'ID', 'ENABLE', 'IDLE'];

const AFTER_LOGIN = [
  'NAMESPACE',
  'ACL',
  'RIGHTS=kxte',
  'LIST-MYRIGHTS',
  'UIDPLUS',
  'MOVE',
  'CONDSTORE',
  'QRESYNC',
  'ESEARCH',
  'SEARCHRES',
  'PARTIAL',
  'SORT',
  'SORT=DISPLAY',
  'ESORT',
  'THREAD=ORDEREDSUBJECT',
  'THREAD=REFERENCES',
  'I18NLEVEL=1',
  'CONTEXT=SEARCH',
  'CONTEXT=SORT',
  'MULTISEARCH',
  'SPECIAL-USE',
  'CREATE-SPECIAL-USE',
  'LIST-EXTENDED',
  'LIST-STATUS',
  'STATUS=SIZE',
  'CHILDREN',
  'BINARY',
  'UNSELECT',
  'MULTIAPPEND',
  'UTF8=ACCEPT',
  'WITHIN',
  'SAVEDATE',
  'OBJECTID',
  'PREVIEW',
  'UNAUTHENTICATE',
  'INPROGRESS',
  'UIDBATCHES',
  'UIDONLY',
  'REPLACE',
  'CATENATE',
  'URL-PARTIAL',
  'NOTIFY',
  'METADATA',
  'METADATA-SERVER',
  'LIST-METADATA',
  'QUOTA',
  'QUOTA=RES-STORAGE',
  'QUOTA=RES-MESSAGE',
];

/** What the server can do for this session in its present state (RFC 9051 §6.1.1, §7.2.2). */
export function capabilitiesOf(session: Session): readonly string[] {
  return allCapabilitiesOf(session).filter((capability) => isOn(session, capability));
}

function allCapabilitiesOf(session: Session): readonly string[] {
  if (session.account !== undefined) return [...ALWAYS, ...AFTER_LOGIN, ...afterLogin(session)];
  const offered = [...ALWAYS];
  if (
    session.server.secureContext !== undefined &&
    !session.connection.secure &&
    !session.connection.compressed
  )
    offered.push('STARTTLS');
  // RFC 9051 §11.1: no passwords in the clear; a mechanism that does not show them may always be used.
  if (!session.channelSecure) offered.push('LOGINDISABLED');
  for (const mechanism of session.server.directory.saslMechanisms(session.saslChannel))
    offered.push(`AUTH=${mechanism}`);
  return offered;
}

/** What depends on the session or on how the server is set up. */
function afterLogin(session: Session): readonly string[] {
  const offered = [`APPENDLIMIT=${session.server.limits.appendBytesMax}`];
  if (session.isAdministrator) offered.push('QUOTASET');
  if (!session.connection.compressed) offered.push('COMPRESS=DEFLATE');
  const { messageLimit, saveLimit } = session.server.limits;
  if (messageLimit !== undefined) offered.push(`MESSAGELIMIT=${messageLimit}`);
  else if (saveLimit !== undefined) offered.push(`SAVELIMIT=${saveLimit}`);
  return offered;
}
