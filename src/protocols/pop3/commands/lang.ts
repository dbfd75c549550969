import type { Pop3Session } from '../session.ts';

/** LANG (RFC 6856 §3): the texts are English; i-default (RFC 2277 §4.5) is that too. */
export async function lang(session: Pop3Session, language: string | undefined): Promise<void> {
  if (language === undefined) {
    session.ok('Language listing follows:');
    return session.sendListing(1, () => 'en English');
  }
  const wanted = language.toLowerCase();
  if (!(wanted === '*' || wanted === 'i-default' || wanted === 'en' || wanted.startsWith('en-')))
    return session.err('There is no text in that language');
  session.ok('en Texts are English');
}
