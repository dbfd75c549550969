import { isFault, parseHello } from '#wire';
import type { Session } from '../session.ts';

// helo = "HELO" SP Domain CRLF                                                   ; RFC 5321 §4.1.1.1
export async function helo(session: Session, rest: string): Promise<void> {
  const hello = parseHello(rest);
  if (isFault(hello)) return session.refuse(hello);
  await session.reset();
  session.hello = { name: hello.name, extended: false };
  session.reply(`250 ${session.receiver.hostname}\r\n`);
}
