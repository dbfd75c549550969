import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Marionette } from './marionette.ts';
import { end, eventually, run } from './program.ts';
import { ALICE, HOST, PASSWORD, type TestServer } from './server.ts';

/** Numbers of Thunderbird's nsMsgSocketType. */
export const SOCKET = { plain: 0, starttls: 2, tls: 3 } as const;

export interface ThunderbirdOptions {
  readonly imapPort: number;
  readonly smtpPort: number;
  readonly security: keyof typeof SOCKET;
}

/** Thunderbird on a screen of its own, with Alice's account, driven in its main window. */
export class Thunderbird {
  readonly #marionette: Marionette;
  readonly #display: string;

  private constructor(marionette: Marionette, display: string) {
    this.#marionette = marionette;
    this.#display = display;
  }

  /** Starts a screen and Thunderbird on a new profile; both end with the test. */
  static async start(
    t: TestContext,
    server: TestServer,
    options: ThunderbirdOptions,
  ): Promise<Thunderbird> {
    const display = await startScreen(t);
    const marionettePort = await freePort();
    const profile = join(server.work, 'profile');
    mkdirSync(profile);
    writeFileSync(join(profile, 'user.js'), preferences(options, marionettePort));
    const child = spawn(
      'thunderbird',
      ['--profile', profile, '--no-remote', '--marionette', '--remote-allow-system-access'],
      {
        stdio: 'ignore',
        env: {
          ...process.env,
          DISPLAY: display,
          HOME: server.work,
          GDK_BACKEND: 'x11',
          MOZ_CRASHREPORTER_DISABLE: '1',
        },
      },
    );
    t.after(() => end(child));
    const marionette = await eventually(
      'Thunderbird takes commands',
      () => Marionette.connect(marionettePort),
      60_000,
    );
    t.after(() => marionette.close());
    const thunderbird = new Thunderbird(marionette, display);
    await thunderbird.#prepare(server, options);
    return thunderbird;
  }

  /** Runs JavaScript in the main window; `pane`, `until(what, probe)` and `folderNamed(name)` are there to use. */
  run(body: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#marionette.run(
      `const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
       const tabmail = document.getElementById('tabmail');
       const pane = tabmail.currentAbout3Pane;
       const account = MailServices.accounts.accounts.find((a) => a.incomingServer.type === 'imap');
       const root = account.incomingServer.rootFolder;
       const folderNamed = (name) => until('the folder ' + name, () => root.getChildNamed(name));
       const until = async (what, probe) => {
         for (let i = 0; i < 250; i++) {
           const found = await probe();
           if (found) return found;
           await new Promise((resolve) => setTimeout(resolve, 100));
         }
         throw new Error('in vain: ' + what);
       };
       ${body}`,
      ...args,
    );
  }

  /** Shows a folder; waits until it lists that many messages. Gives their subjects. */
  async open(folder: string, count: number): Promise<readonly string[]> {
    return (await this.run(
      `const folder = await folderNamed(args[0]);
       pane.displayFolder(folder.URI);
       folder.updateFolder(window.msgWindow);
       await until(args[1] + ' messages', () => pane.gDBView && pane.gFolder === folder && pane.gDBView.rowCount === args[1]);
       return Array.from({ length: args[1] }, (_, i) => pane.gDBView.getMsgHdrAt(i).mime2DecodedSubject);`,
      folder,
      count,
    )) as readonly string[];
  }

  /** Selects a message of the open folder as a click does, and gives what is displayed, header and text. */
  async read(subject: string): Promise<string> {
    return (await this.run(
      `const rows = Array.from({ length: pane.gDBView.rowCount }, (_, i) => i);
       const row = rows.find((i) => pane.gDBView.getMsgHdrAt(i).mime2DecodedSubject === args[0]);
       pane.threadTree.selectedIndex = row;
       return await until('the text', () => {
         const reader = pane.messageBrowser.contentWindow;
         if (reader?.gMessage?.mime2DecodedSubject !== args[0]) return undefined;
         const text = reader.getMessagePaneBrowser().contentDocument?.body?.textContent.trim();
         return text?.includes('Subject: ' + args[0]) ? text : undefined;
       });`,
      subject,
    )) as string;
  }

  /** What a menu or key does with the selected message: a command's name and its argument, a folder. */
  async command(name: string, folder?: string): Promise<void> {
    await this.run(
      `if (args[1] === null) goDoCommand(args[0]);
       else pane.commandController.doCommand(args[0], await folderNamed(args[1]));`,
      name,
      folder ?? null,
    );
  }

  /** Opens the compose window, fills it in and presses Send; waits until the window is gone. */
  async send(to: string, subject: string, text: string): Promise<void> {
    await this.run(
      `const params = Cc['@mozilla.org/messengercompose/composeparams;1'].createInstance(Ci.nsIMsgComposeParams);
       const fields = Cc['@mozilla.org/messengercompose/composefields;1'].createInstance(Ci.nsIMsgCompFields);
       [fields.to, fields.subject, fields.body] = args;
       params.composeFields = fields;
       params.format = Ci.nsIMsgCompFormat.PlainText;
       params.identity = account.defaultIdentity;
       MailServices.compose.OpenComposeWindowWithParams(null, params);
       const composer = () => Services.wm.getMostRecentWindow('msgcompose');
       const opened = await until('the compose window', () => composer()?.gMsgCompose?.editor && composer());
       await until('the window is ready', () => opened.document.getElementById('cmd_sendNow') && !opened.gWindowLocked && opened.ComposeCanSend?.() !== false);
       await new Promise((resolve) => setTimeout(resolve, 1000));
       opened.goDoCommand('cmd_sendNow');
       await until('the message is sent', () => !composer());`,
      to,
      subject,
      text,
    );
  }

  /** Saves a picture of the whole screen. */
  async picture(path: string): Promise<void> {
    await run('import', ['-display', this.#display, '-window', 'root', path]);
  }

  /** Stores the password as the prompt's check box does, and trusts the certificate as the exception dialog does. */
  async #prepare(server: TestServer, options: ThunderbirdOptions): Promise<void> {
    await this.#marionette.run(
      `await new Promise((resolve) => setTimeout(resolve, 2000));
       for (const origin of ['imap://127.0.0.1', 'smtp://127.0.0.1']) {
         const login = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo);
         login.init(origin, null, origin, args[0], args[1], '', '');
         await Services.logins.addLoginAsync(login);
       }`,
      ALICE,
      PASSWORD,
    );
    if (options.security === 'plain') return;
    const pem = readFileSync(server.certificate, 'latin1');
    const base64 = /BEGIN CERTIFICATE-----([^-]*)-----END/.exec(pem)![1]!.replace(/\s/g, '');
    await this.#marionette.run(
      `const store = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
       const overrides = Cc['@mozilla.org/security/certoverride;1'].getService(Ci.nsICertOverrideService);
       const certificate = store.constructX509FromBase64(args[0]);
       for (const port of args.slice(1, 3))
         overrides.rememberValidityOverride('127.0.0.1', port, {}, certificate, true);`,
      base64,
      options.imapPort,
      options.smtpPort,
    );
  }
}

/** An X server without a screen; gives its DISPLAY. */
async function startScreen(t: TestContext): Promise<string> {
  const child: ChildProcess = spawn(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );
  t.after(() => end(child));
  let said = '';
  child.stdio[3]!.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  return await eventually('a display', () => (said.endsWith('\n') ? `:${said.trim()}` : undefined));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function preferences(options: ThunderbirdOptions, marionettePort: number): string {
  const folder = (name: string): string => `imap://${encodeURIComponent(ALICE)}@${HOST}/${name}`;
  const values: Readonly<Record<string, string | number | boolean>> = {
    'mail.accountmanager.accounts': 'account1,account2',
    'mail.accountmanager.defaultaccount': 'account1',
    'mail.accountmanager.localfoldersserver': 'server2',
    'mail.account.account1.identities': 'id1',
    'mail.account.account1.server': 'server1',
    'mail.account.account2.server': 'server2',
    'mail.identity.id1.fullName': 'Alice',
    'mail.identity.id1.useremail': ALICE,
    'mail.identity.id1.smtpServer': 'smtp1',
    'mail.identity.id1.valid': true,
    'mail.identity.id1.compose_html': false,
    'mail.identity.id1.doFcc': true,
    'mail.identity.id1.fcc_folder': folder('Sent'),
    'mail.identity.id1.draft_folder': folder('Drafts'),
    'mail.server.server1.type': 'imap',
    'mail.server.server1.hostname': HOST,
    'mail.server.server1.port': options.imapPort,
    'mail.server.server1.userName': ALICE,
    'mail.server.server1.name': ALICE,
    'mail.server.server1.socketType': SOCKET[options.security],
    'mail.server.server1.authMethod': 3,
    // Nothing before the password is stored.
    'mail.server.server1.login_at_startup': false,
    'mail.server.server1.check_new_mail': false,
    'mail.server.server2.type': 'none',
    'mail.server.server2.hostname': 'Local Folders',
    'mail.server.server2.userName': 'nobody',
    'mail.smtpservers': 'smtp1',
    'mail.smtp.defaultserver': 'smtp1',
    'mail.smtpserver.smtp1.hostname': HOST,
    'mail.smtpserver.smtp1.port': options.smtpPort,
    'mail.smtpserver.smtp1.username': ALICE,
    'mail.smtpserver.smtp1.try_ssl': SOCKET[options.security],
    'mail.smtpserver.smtp1.authMethod': 3,
    'mailnews.start_page.enabled': false,
    'mailnews.mark_message_read.delay': false,
    'mail.shell.checkDefaultClient': false,
    'mail.spotlight.firstRunDone': true,
    'mail.provider.suppress_dialog_on_startup': true,
    'mail.inappnotifications.enabled': false,
    'mail.rights.version': 1,
    'app.update.enabled': false,
    'app.normandy.enabled': false,
    'app.donation.eoy.version.viewed': 999,
    'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
    'datareporting.healthreport.uploadEnabled': false,
    'toolkit.telemetry.enabled': false,
    'marionette.port': marionettePort,
  };
  return Object.entries(values)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('');
}
