// The thread that judges files for another one: asked and answered by messages, it ends when it is told `null`.
import { parentPort, workerData } from 'node:worker_threads';
import { OcspError } from '../../core/ocsp-error.js';
import type { ListedCertificate } from '../../source/certificate-list.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { ownProcess } from '../../store/own-process.js';
import { turnOf } from '../due-queue.js';
import type { JudgingTools } from '../fetch-job.js';
import { assess } from './assess.js';
import {
  pathFromElsewhere,
  type FoundElsewhere,
  type ScanAnswer,
  type ScanQuestion,
  type ScanSetting,
} from './scan-message.js';

const { options, issuers, shard } = workerData as ScanSetting;
let now = new Date();
const tools: JudgingTools = {
  issuers: createIssuerFinder(issuers.map(pathFromElsewhere)),
  ownProcess: ownProcess(),
  now: () => now,
};

async function answer(question: ScanQuestion): Promise<ScanAnswer> {
  ({ now } = question);
  const found: (FoundElsewhere | null)[] = [];
  for (const listed of question.certificates) found.push(await judge(listed));
  return { first: question.first, found };
}

async function judge(listed: ListedCertificate): Promise<FoundElsewhere | null> {
  try {
    const assessment = await assess({ ...listed, path: pathFromElsewhere(listed.path) }, options, tools, shard);
    if (assessment.kind === 'ignored') return null;
    return assessment.kind === 'settled' ? assessment : { kind: 'due', turn: turnOf(assessment.due) };
  } catch (error) {
    if (error instanceof OcspError) return { kind: 'refused' };
    throw error;
  }
}

parentPort?.on('message', (question: ScanQuestion | null) => {
  if (question === null) parentPort?.close();
  else void answer(question).then((found) => parentPort?.postMessage(found));
});
