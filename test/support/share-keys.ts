import { keyFolderVariable } from './keys.js';
import { createTemporaryFolder } from './temporary-folder.js';

/** Keeps the RSA keys of a run of the tests in one folder for all of its processes, and removes it at the end. */
export default function shareKeys(): () => void {
  const folder = createTemporaryFolder('restaple-keys-');
  process.env[keyFolderVariable] = folder.path;
  return folder.remove;
}
