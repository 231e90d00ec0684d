// A thread of `fetch` that judges the files of a fleet for the first one, until it is told `null`.
import { parentPort, workerData } from 'node:worker_threads';
import { createScanAnswerer } from '../pipeline/scan/answer-scan.js';
import type { ScanQuestion, ScanSetting } from '../pipeline/scan/scan-message.js';
import { ownProcess } from './own-process.js';

const answer = createScanAnswerer(workerData as ScanSetting, ownProcess());

parentPort?.on('message', (question: ScanQuestion | null) => {
  if (question === null) parentPort?.close();
  else void answer(question).then((found) => parentPort?.postMessage(found));
});
