import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { knockd } from '../../server/doors/knockd.ts';
import type { DriverContext } from '../../server/doors/driver.ts';

const directory = mkdtempSync(join(tmpdir(), 'latchkey-knockd-'));
afterAll(() => rmSync(directory, { recursive: true }));
let files = 0;
function write(text: string): string {
  const file = join(directory, `${files++}.conf`);
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}
const context: DriverContext = { door: 'front', directory, log: () => undefined };
const start = '/sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 2022 -j ACCEPT';
const stop = '/sbin/iptables -D INPUT -s %IP% -p tcp --dport 2022 -j ACCEPT';
const plain = `sequence = 1,2\ncommand = ${start}\nstop_command = ${stop}\n`;
const read = (text: string, more: object = {}) => knockd.read({ file: write(text), section: 'd', ...more });
const facts = (text: string, more: object = {}) => knockd.create(read(text, more), context).facts;
const refusal = (text: string, more: object = {}) => {
  try {
    read(text, more);
  } catch (error) {
    return error as { code: string; detail: string };
  }
  throw new Error('accepted');
};

describe('what a section makes of a door', () => {
  test('the usual one', () => {
    expect(facts(`[d]\n${plain}cmd_timeout = 30\n`)).toEqual({
      closes: 'child',
      choosesTime: false,
      extends: false,
      readsBack: true,
      seesPackets: true,
      families: [4],
      seconds: 30,
    });
  });

  test('the port comes from the rule, or is given', () => {
    expect(knockd.port(read(`[d]\n${plain}`))).toBe(2022);
    expect(knockd.port(read(`[d]\n${plain.replaceAll('2022', 'ssh')}`))).toBe(22);
    expect(knockd.port(read(`[d]\n${plain}`, { port: 99 }))).toBe(99);
  });

  test('no stop command: nobody but the home agent closes', () => {
    expect(facts(`[d]\nsequence=1\ncommand=${start}\n`)).toMatchObject({ closes: 'agent', seconds: 10 });
  });

  test('a command of any other kind cannot be read back', () => {
    const text = '[d]\nsequence=1\ncommand=/usr/local/bin/open %IP%\nstop_command=/usr/local/bin/shut %IP%\n';
    expect(facts(text, { port: 22 })).toMatchObject({ readsBack: false, closes: 'child' });
    expect(facts(`[d]\n${plain}command_6 = /usr/local/bin/open6 %IP%\n`)).toMatchObject({ readsBack: false });
  });

  describe('the section that closes early', () => {
    const closer = (text: string, more: object = {}) => read(text, more).plans[4]?.closer?.name;
    const shut = `[shut]\nsequence = 2,1\ncommand = ${stop}\n`;

    test('is found by its command: the stop command, or our own rule taken away', () => {
      expect(closer(`[d]\n${plain}`)).toBeUndefined();
      expect(closer(`[d]\n${plain}${shut}`)).toBe('shut');
      expect(closer(`[d]\nsequence = 1,2\ncommand = ${start}\n${shut}`)).toBe('shut');
      const custom = '[d]\nsequence=1\ncommand=/bin/open %IP%\nstop_command=/bin/shut %IP%\n';
      expect(closer(`${custom}[shut]\nsequence=2\ncommand=/bin/shut %IP%\n`, { port: 22 })).toBe('shut');
    });

    test('is not guessed', () => {
      expect(closer(`[d]\n${plain}${shut.replace('2022', '22')}`)).toBeUndefined();
      expect(closer(`[d]\n${plain}${shut}${shut.replace('shut', 'other')}`)).toBeUndefined();
      expect(closer(`[d]\n${plain}${shut.replace('2,1', '1,2')}`)).toBeUndefined();
      expect(closer(`[d]\n${plain}${shut}target = 192.0.2.9\n`)).toBeUndefined();
    });

    test('or is named', () => {
      const other = '[other]\nsequence = 7\ncommand = /bin/shut-all\n';
      expect(closer(`[d]\n${plain}${other}`, { close_section: 'other' })).toBe('other');
      expect(refusal(`[d]\n${plain}`, { close_section: 'none' }).detail).toMatch(
        /^close_section: .*no \[none\]/,
      );
      expect(refusal(`[d]\n${plain}`, { close_section: 'd' }).detail).toMatch(/^close_section:/);
    });
  });

  test('a name in UTF-8', () => {
    expect(knockd.read({ file: write(`[tür]\n${plain}`), section: 'tür' }).section.sequence).toHaveLength(2);
  });

  test('two doors of one section make one claim', () => {
    const file = write(`[d]\n${plain}[e]\n${plain}`);
    const claim = (section: string) => knockd.claim(knockd.read({ file, section }));
    expect(claim('d')).toBe(claim('d'));
    expect(claim('d')).not.toBe(claim('e'));
  });
});

describe('refused, with the key that is at fault', () => {
  test.each([
    ['Target', `[d]\n${plain}target = 192.0.2.9\n`, /section:.*Target/],
    ['one-time sequences', '[d]\none_time_sequences = /nonexistent\n', /section:.*One_Time/],
    ['a file that knockd refuses', `[d]\n${plain}; note\n`, /file: knockd refuses line 5: syntax error/],
    ['no such section', `[e]\n${plain}`, /section: the file has no \[d\]/],
    ['two sections of the name', `[d]\n${plain}[d]\n${plain}`, /section:.*more than once/],
    ['no time', `[d]\n${plain}cmd_timeout = 0\n`, /section:.*Cmd_Timeout/],
    ['a negative time', `[d]\n${plain}cmd_timeout = -5\n`, /section:.*Cmd_Timeout/],
    ['a section that closes', `[d]\nsequence=1\ncommand=${stop}\n`, /section:.*closes/],
    [
      'a rule for everyone',
      `[d]\nsequence=1\ncommand=${start.replace('-s %IP% ', '')}\n`,
      /section:.*everyone/,
    ],
    ['a command for everyone', '[d]\nsequence=1\ncommand=/bin/open\n', /section:.*everyone/],
    ['no command', '[d]\nsequence=1\n', /section:.*no start command/],
    [
      'a rule of the other family alone',
      `[d]\nsequence=1\ncommand=${start.replace('iptables', 'ip6tables')}\ncommand_6 =\n`,
      /no start/,
    ],
    ['no port to be seen', '[d]\nsequence=1\ncommand=/bin/open %IP%\n', /^port:/],
  ])('%s', (_name, text, detail) => {
    const { code, detail: said } = refusal(text);
    expect(code).toBe('config-invalid');
    expect(said).toMatch(detail);
  });

  test.each([
    [{ file: 'knockd.conf' }, /^file:/],
    [{ file: 7 }, /^file:/],
    [{ section: '' }, /^section:/],
    [{ section: undefined }, /^section:/],
    [{ port: 0 }, /^port:/],
    [{ port: '22' }, /^port:/],
    [{ program: 'bin/knockd' }, /^program:/],
    [{ sequence: '1,2' }, /^sequence: unknown key/],
  ])('%o', (more, detail) => {
    const { code, detail: said } = refusal(`[d]\n${plain}`, more);
    expect(code).toBe('config-invalid');
    expect(said).toMatch(detail);
  });

  test('a file that is not there, is too long, or is a folder', () => {
    expect(refusal('', { file: join(directory, 'none') }).code).toBe('config-unreadable');
    expect(refusal('#'.repeat(2 ** 20 + 1)).code).toBe('config-unreadable');
    expect(refusal('', { file: directory }).code).toBe('config-unreadable');
  });
});
