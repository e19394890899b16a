import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// The peers are no dependencies of Atrium's: 500 MB, in a folder of their own, at the versions of its lock file.
const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
  cwd: fileURLToPath(new URL('peers', import.meta.url)),
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
