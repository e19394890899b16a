import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { root, runProcess } from './run.ts';

describe('npm start', () => {
  it('says which ports are taken and starts nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    const { code, out, error } = await runProcess(process.execPath, [join(root, 'services-mock/demo.ts')], {
      env: { PORT: String(port) },
    });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(new RegExp(`^These ports are taken: .*${port} \\(gateway\\)\\.`));
  });
});
