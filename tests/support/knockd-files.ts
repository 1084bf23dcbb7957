import fc from 'fast-check';

/**
 * A file for each rule of knockd's grammar that the recorded ones (tests/fixtures/knockd) leave out. One
 * character a byte. `DIR` stands for a folder that holds one-time sequences: full, spoiled (its first line is
 * none), spent.
 */
export const handMade: readonly [name: string, text: string][] = [
  ['aliases', '[d]\nsequence=1,2\ncommand=a\ncommand_6=b\ntimeout=3\n'],
  [
    'long names',
    '[d]\nsequence=1,2\nstart_command=a\nstart_command_6=b\nseq_timeout=3\ncmd_timeout=4\nstop_command=c\nstop_command_6=d\n',
  ],
  [
    'last of the aliases counts',
    '[d]\nsequence=1\ncommand=a\nstart_command=b\ncommand=c\ntimeout=1\nseq_timeout=2\n',
  ],
  ['any case', '[d]\nSeQuEnCe=1\nCMD_timeout=4\nStart_Command=A b\nTCPFlags=Syn,!aCK\n'],
  ['no space, much space', '[d]\nsequence=1\n\t \tcommand\t =  \t a  b \t\n'],
  ['equals signs in a value', '[d]\nsequence=1\ncommand=a=b = c\nstop_command==\n'],
  ['quotes are kept', '[d]\nsequence=1\ncommand="a b"\nstop_command=\'c\'\n'],
  ['a comment behind a command', '[d]\nsequence=1\ncommand=a # b\n'],
  ['a comment behind numbers', '[d]\nsequence=1,2 # x\nseq_timeout=5 # s\ncmd_timeout=6;s\n'],
  ['a comment behind a sequence with its protocol', '[d]\nsequence=1:tcp # x\n'],
  ['comments', '# a\n  # b\n[d]\n#sequence=2\nsequence=1\n\t#\n'],
  ['slashes are no comment', '[d]\nsequence=1\n// x\n'],
  ['space around a section', '  [d]  \n  sequence=1\n'],
  ['space inside of a section', '[ d ]\nsequence=1\n'],
  ['options with space is a door', '[ options ]\nsequence=1\ncommand=x\n'],
  ['options in capitals, with an option', '[OPTIONS]\nlogfile=/nonexistent/x\n'],
  ['options in capitals, empty', '[Options]\nUseSyslog\n[d]\nsequence=1\n'],
  ['options only', '[options]\nUseSyslog\nlogfile=/nonexistent/x\npidfile=/nonexistent/p\ninterface=eth9\n'],
  ['options in the middle', '[a]\nsequence=1\n[options]\nlogfile=/nonexistent/x\n[b]\nsequence=2\n'],
  ['a door’s directive after options', '[a]\nsequence=1\n[options]\nseq_timeout=3\n'],
  ['sequence in options', '[options]\nsequence=1\n'],
  ['log file in a door', '[d]\nsequence=1\nlogfile=/nonexistent/x\n'],
  ['pid file in a door', '[d]\nsequence=1\npidfile=/nonexistent/x\n'],
  ['empty options', '[options]\nlogfile=\npidfile =\ninterface=\n'],
  ['syslog with a value', '[options]\nUseSyslog = yes\n'],
  ['syslog with an empty value', '[options]\nUseSyslog =\n'],
  ['syslog in a door', '[d]\nUSESYSLOG\nsequence=1\n'],
  ['syslog before a section', 'UseSyslog\n[d]\nsequence=1\n'],
  ['syslog twice', '[options]\nUseSyslog\nusesyslog\n'],
  ['syslog with a comment', '[options]\nUseSyslog # yes\n'],
  ['a directive without equals', '[d]\nsequence 1\n'],
  ['a lone equals', '[d]\nsequence=1\n=\n'],
  ['an open bracket', '[d\nsequence=1\n'],
  ['an open bracket alone', '[d]\nsequence=1\n[\n'],
  ['a closing bracket alone', '[d]\nsequence=1\n]\n'],
  ['brackets with nothing but space', '[ ]\nsequence=1\n'],
  ['a comment behind a section', '[d] # x\nsequence=1\n'],
  ['a bracket in a name', '[a]b]\nsequence=1\n'],
  ['a section that is also a directive', '[a=b]\nsequence=1\n'],
  ['names with colons', '[a: b: Stage 1]\nsequence=1\ncommand=x\n'],
  ['a name in UTF-8', '[d\xc3\xb6r]\nsequence=1\ncommand=\xc3\xbc\n'],
  ['a name in no charset', '[\xff\xfe]\nsequence=1\n'],
  ['two doors of one name', '[d]\nsequence=1\ncommand=a\n[d]\nsequence=2\ncommand=b\n'],
  ['percent signs', '[%s%n]\nsequence=1\ncommand=%n %IP% %ip% %%\n'],
  ['one port', '[d]\nsequence=1\n'],
  ['UDP, TCP, any case', '[d]\nsequence=1:UDP,2:tcp,3:Udp , 4 : tcp ,5\n'],
  ['extra parts after the protocol', '[d]\nsequence=1:tcp:x,2:udp:\n'],
  ['an empty protocol', '[d]\nsequence=1:,2\n'],
  ['a protocol of space', '[d]\nsequence=1: ,2\n'],
  ['words for ports', '[d]\nsequence=port1,PORT2,<3>,0x10,1e3\n'],
  ['empty items', '[d]\nsequence=,1,,2,\n'],
  ['an empty sequence', '[d]\nsequence=\n'],
  ['no commas', '[d]\nsequence=1 2 3\n'],
  ['negative ports', '[d]\nsequence=-1,-5,-65536,-70000\n'],
  ['signs and zeros', '[d]\nsequence=+7,007,\t8\n'],
  ['65535', '[d]\nsequence=65535,0\n'],
  ['65536', '[d]\nsequence=1,65536\n'],
  ['2147483648', '[d]\nsequence=2147483648\n'],
  ['4294967297', '[d]\nsequence=4294967297\n'],
  ['9223372036854775808', '[d]\nsequence=9223372036854775808\n'],
  ['-9223372036854775809', '[d]\nsequence=-9223372036854775809\n'],
  ['32 ports', `[d]\nsequence=${'9,'.repeat(31)}9\n`],
  ['33 ports', `[d]\nsequence=${'9,'.repeat(32)}9\n`],
  ['32 ports and a comma', `[d]\nsequence=${'9,'.repeat(32)}\n`],
  ['sctp', '[d]\nsequence=1:sctp\n'],
  ['the last sequence counts', '[d]\nsequence=1,2,3\nsequence=4\n'],
  ['a bad sequence after a good one', '[d]\nsequence=1,2,3\nsequence=4:x\n'],
  ['timeouts of words', '[d]\nsequence=1\nseq_timeout=abc\ncmd_timeout=\n'],
  ['timeouts below zero', '[d]\nsequence=1\nseq_timeout=-1\ncmd_timeout=-5\n'],
  ['timeouts with units', '[d]\nsequence=1\nseq_timeout=5s\ncmd_timeout= 1m\n'],
  ['timeouts too large', '[d]\nsequence=1\nseq_timeout=99999999999\ncmd_timeout=4294967295\n'],
  ['each flag', '[d]\nsequence=1\ntcpflags=fin,syn,rst,psh,ack,urg\n'],
  ['each flag not', '[d]\nsequence=1\ntcpflags=!fin,!syn,!rst,!psh,!ack,!urg\n'],
  ['flags add up', '[d]\nsequence=1\ntcpflags=syn\ntcpflags=!ack\ntcpflags=!syn\n'],
  ['a flag and a comma', '[d]\nsequence=1\ntcpflags=syn,\n'],
  ['two exclamation marks', '[d]\nsequence=1\ntcpflags=!!syn\n'],
  ['an unknown flag', '[d]\nsequence=1\ntcpflags=ece\n'],
  ['a flag with space', '[d]\nsequence=1\ntcpflags=! syn\n'],
  ['flags on UDP', '[d]\nsequence=1:udp\ntcpflags=syn\n'],
  ['a target', '[d]\nsequence=1\ntarget=192.0.2.1\n'],
  ['a target of IPv6', '[d]\nsequence=1\ntcpflags=syn\ntarget=2001:db8::1\n'],
  ['an empty target', '[d]\nsequence=1\ntarget=\n'],
  ['a target with a comment', '[d]\nsequence=1\ntarget=192.0.2.1 # router\n'],
  ['a target with a mask', '[d]\nsequence=1\ntarget=192.0.2.1/32\n'],
  ['a target in quotes', '[d]\nsequence=1\ntarget="192.0.2.1"\n'],
  ['a target out of range', '[d]\nsequence=1\ntarget=192.0.2.256\n'],
  ['half a target', '[d]\nsequence=1\ntarget=192.0\n'],
  ['a target in capitals', '[d]\nsequence=1\ntarget=2001:DB8::1\n'],
  ['the unspecified target', '[d]\nsequence=1\ntarget=::\n'],
  ['a target of IPv4 in IPv6', '[d]\nsequence=1\ntarget=::ffff:192.0.2.1\n'],
  ['a target that is this machine’s name', '[d]\nsequence=1\ntarget=localhost\n'],
  ['a bad target and then a good one', '[d]\nsequence=1\ntarget=\ntarget=192.0.2.1\n'],
  ['one-time sequences', '[d]\none_time_sequences=DIR/full\ncommand=x\n'],
  ['one-time sequences after a bad line', '[d]\nOne_Time_Sequences = DIR/spoiled\n'],
  ['no one-time sequence left', '[d]\none_time_sequences=DIR/spent\n'],
  ['no file of one-time sequences', '[d]\none_time_sequences=DIR/none\n'],
  ['a folder of one-time sequences', '[d]\none_time_sequences=DIR\n'],
  ['no path of one-time sequences', '[d]\none_time_sequences=\n'],
  ['a sequence, then one-time sequences', '[d]\nsequence=1,2\none_time_sequences=DIR/full\n'],
  ['one-time sequences, then a sequence', '[d]\none_time_sequences=DIR/full\nsequence=1,2\n'],
  ['no sequence in the first of two', '[a]\ncommand=x\n[b]\nsequence=1\n'],
  ['no sequence in the second of two', '[a]\nsequence=1\n[b]\n'],
  ['an old Mac’s lines', '[d]\rsequence=1\r'],
  ['a form feed', '[d]\f\n\fsequence=1\f\n'],
  ['NUL in a value', '[d]\nsequence=1\ncommand=a\0b\n'],
  ['NUL in a section', '[d\0]\nsequence=1\n'],
  ['a command of 4000 bytes', `[d]\nsequence=1\ncommand=${'x'.repeat(4000)}\n`],
  ['a line of 4095 bytes', `[d]\nsequence=1\ncommand=${'x'.repeat(4087)}\n`],
  ['a long line that goes on as a directive', `[d]\nsequence=1\ncommand=${'x'.repeat(4087)}stop_command=y\n`],
  ['no line at all', ''],
  ['a newline', '\n'],
];

const name = fc.constantFrom(
  'options',
  'd',
  'SSH',
  'open ssh',
  'a: b',
  'Options',
  'options ',
  '',
  'x]',
  'd\xc3\xb6r',
);
const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 65535 }).map(String) },
  fc.integer({ min: -100_000, max: 70_000 }).map(String),
  fc.constantFrom('', ' 7', '+8', 'abc', '9x', '0x9', '4294967298', '99999999999999999999'),
);
const protocol = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', '', ':tcp', ':udp') },
  fc.constantFrom(':UDP', ': tcp ', ':icmp', ':', ':tcp:x', ' : udp'),
);
const sequence = fc
  .array(
    fc.tuple(number, protocol).map((both) => both.join('')),
    { minLength: 1, maxLength: 6 },
  )
  .map((items) => items.join(','));
const flags = fc
  .array(fc.constantFrom('syn', 'SYN', '!syn', 'ack', '!ack', 'fin', '!rst', 'psh', 'urg', ' ack', 'x'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((all) => all.join(','));
const command = fc.oneof(
  fc.constantFrom(
    '/sbin/iptables -I INPUT 1 -s %IP% -p tcp --dport 22 -j ACCEPT',
    '/sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT # x',
    'ufw allow from %IP% to any port 22',
    '"quoted %IP%"',
    '',
  ),
  fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
);
const directive = fc.oneof(
  { weight: 5, arbitrary: sequence.map((value) => `sequence = ${value}`) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'command',
          'start_command',
          'COMMAND_6',
          'Start_Command_6',
          'stop_command',
          'stop_command_6',
        ),
        command,
      )
      .map((both) => both.join('=')),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('seq_timeout', 'Timeout', 'cmd_timeout', 'CMD_TIMEOUT'), number)
      .map((both) => both.join(' = ')),
  },
  { weight: 1, arbitrary: flags.map((value) => `tcpflags=${value}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('target=192.0.2.1', 'target = 2001:db8::2', 'UseSyslog', '# note', '', '   '),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'logfile=/nonexistent/x',
      'interface = eth1',
      'pidfile=/nonexistent/p',
      'usesyslog=1',
      'sequence',
      '; note',
      'unknown = 1',
    ),
  },
);
const title = name.map((text) => `[${text}]`);
/** A door as it should be, so that whole files are often accepted. */
const door = fc
  .tuple(
    fc.constantFrom('d', 'SSH', 'open ssh', 'a: b'),
    fc.integer({ min: 1, max: 65535 }),
    fc.array(directive, { maxLength: 5 }),
  )
  .map(([text, port, lines]) => [`[${text}]`, `sequence = ${port},7`, ...lines].join('\n'));
const ending = fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\t\n');

/** Files between right and wrong, for the reader and the real knockd alike: nothing in them names a real path. */
export const knockdFile: fc.Arbitrary<string> = fc
  .array(fc.tuple(fc.oneof({ weight: 6, arbitrary: door }, title, directive), ending), { maxLength: 4 })
  .map((parts) => parts.flat().join(''));
