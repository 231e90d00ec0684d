import { shownPath } from '../../core/file-path.js';
import { decodeResponse, isResponse, serialNumbersEqual } from '../../core/index.js';
import { formatTime } from '../../core/time.js';
import { programProblem } from '../../system/file-kind.js';
import { splitWords } from '../../system/shell-words.js';
import type { StapleToPush } from '../reload-result.js';
import type { Server } from '../server.js';

/**
 * The user's command, run once with the staples on its stdin that it is to hear of: one JSON object per line, {certificate, staple,
 * serialNumber, thisUpdate?, nextUpdate}.
 */
export const exec = {
  name: 'exec',
  example: "exec:'/usr/local/bin/deploy --staple'",
  forms: ['exec:COMMAND (quoted as for a shell, but run without one; the staples come as JSON lines on stdin)'],
  parse(text) {
    const [command, ...words] = splitWords(text) ?? [];
    return command === undefined ? undefined : [command, ...words];
  },
  mistake: ([program], { PATH }) => programProblem(program, PATH),
  async tell(argv, staples, tools) {
    const { tellByCommand } = await import('./tell-by-command.js');
    const lines = staples.map((staple) => `${JSON.stringify(describeStaple(staple))}\n`).join('');
    const hint = 'run the command by hand with one of the JSON lines on its stdin, or see its own log';
    return await tellByCommand(argv, staples, tools, () => ({ name: argv[0], hint }), lines);
  },
} as const satisfies Server<readonly [string, ...string[]]>;

/** What a command learns of one staple; times are ISO 8601 in UTC, the serial number lower-case hex. */
function describeStaple(staple: StapleToPush): Readonly<Record<string, string | undefined>> {
  const thisUpdate = thisUpdateOf(staple);
  return {
    certificate: shownPath(staple.certificatePath),
    staple: shownPath(staple.staplePath),
    serialNumber: staple.certificate.serialNumber,
    thisUpdate: thisUpdate === undefined ? undefined : formatTime(thisUpdate),
    nextUpdate: formatTime(staple.nextUpdate),
  };
}

function thisUpdateOf({ bytes, certId }: StapleToPush): Date | undefined {
  const response = decodeResponse(bytes);
  if (!isResponse(response) || response.status !== 'successful') return undefined;
  return response.basic.responses.find((one) => serialNumbersEqual(one.certId.serialNumber, certId.serialNumber))
    ?.thisUpdate;
}
