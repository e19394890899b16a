import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { copyFile, cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseDockerIgnore } from './docker-ignore.ts';
import { execForm, parseDockerfile } from './dockerfile.ts';
import type { Instruction, Stage } from './dockerfile.ts';
import { healthCheck } from './health.ts';
import type { HealthCheck } from './health.ts';

/** What a container starts from. Paths of the image are below `root`, which stands for `/`. */
export interface Image {
  readonly root: string;
  workdir: string;
  env: Readonly<Record<string, string>>;
  user: string;
  entrypoint: readonly string[];
  command: readonly string[];
  health: HealthCheck | undefined;
}

const buildMs = 300_000;
const unreachable = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;
/** What npm and vitest set for their children says how this test runs, not how an image is built. */
const ofThisRun = /^(?:npm_(?!config_(?:registry|cache|userconfig)$)|NODE_ENV$|NODE_OPTIONS$|VITEST|ATRIUM_)/;

/**
 * Does in folders under `scratch` what `docker build` does in layers: sees only what `.dockerignore` lets through,
 * copies what COPY names and runs what RUN says, with the Node of this process and the npm of this machine.
 * An instruction it does not know throws.
 */
export async function buildImage(projectRoot: string, scratch: string): Promise<Image> {
  const context = join(scratch, 'context');
  const ignore = parseDockerIgnore(await readFile(join(projectRoot, '.dockerignore'), 'utf8'));
  for (const file of await ignore.filesOf(projectRoot)) await copy(join(projectRoot, file), join(context, file));

  const stages = parseDockerfile(await readFile(join(projectRoot, 'Dockerfile'), 'utf8'));
  const images = new Map<string, Image>();
  let image: Image | undefined;
  for (const [index, stage] of stages.entries()) {
    image = await startStage(stage, join(scratch, `stage-${index}`), images);
    for (const instruction of stage.instructions) await perform(instruction, image, context, images);
    if (stage.name !== undefined) images.set(stage.name, image);
  }
  if (image === undefined) throw new Error('Dockerfile: expected a stage, got none');
  return image;
}

async function startStage({ base }: Stage, root: string, images: ReadonlyMap<string, Image>): Promise<Image> {
  const from = images.get(base);
  if (from !== undefined) {
    await copy(from.root, root);
    return { ...from, root };
  }
  const [, version] = /^node:(\d+\.\d+\.\d+)-/.exec(base) ?? [];
  if (version !== process.versions.node) {
    throw new Error(
      `Dockerfile: expected an image of Node ${process.versions.node}, which runs this test, got ${base}`,
    );
  }
  const executable = join(root, 'usr/local/bin/node');
  await mkdir(dirname(executable), { recursive: true });
  await copyFile(process.execPath, executable, constants.COPYFILE_FICLONE);
  return { root, workdir: '/', env: {}, user: 'root', entrypoint: [], command: [], health: undefined };
}

async function perform(
  { keyword, flags, argument }: Instruction,
  image: Image,
  context: string,
  images: ReadonlyMap<string, Image>,
): Promise<void> {
  switch (keyword) {
    case 'WORKDIR':
      image.workdir = argument;
      await mkdir(join(image.root, argument), { recursive: true });
      break;
    case 'ENV':
      image.env = { ...image.env, ...Object.fromEntries(argument.split(/\s+/).map((pair) => pair.split('='))) };
      break;
    case 'COPY': {
      const { from } = flags;
      const origin = from === undefined ? context : images.get(from)?.root;
      if (origin === undefined) throw new Error(`Dockerfile: expected the name of an earlier stage, got ${from}`);
      await copyInto(image, origin, argument);
      break;
    }
    case 'RUN': {
      const { mount = 'type=cache' } = flags;
      if (!mount.startsWith('type=cache')) throw new Error(`Dockerfile: expected a mount of a cache, got ${mount}`);
      await run(argument, image);
      break;
    }
    case 'USER':
      image.user = argument;
      break;
    case 'HEALTHCHECK': {
      const { interval = '30s', 'start-period': startPeriod = '0s', retries = '3' } = flags;
      const command = execForm(argument.replace(/^CMD\s+/, ''));
      image.health = healthCheck(command, { interval, startPeriod, retries: Number(retries) });
      break;
    }
    case 'ENTRYPOINT':
      image.entrypoint = execForm(argument);
      image.command = [];
      break;
    case 'CMD':
      image.command = execForm(argument);
      break;
    case 'EXPOSE':
      break;
    default:
      throw new Error(`Dockerfile: expected an instruction this guard can follow, got ${keyword} ${argument}`);
  }
}

/** The content of a folder goes into the target, a file into the folder whose name ends with a slash. */
async function copyInto({ root, workdir }: Image, origin: string, argument: string): Promise<void> {
  const paths = argument.split(/\s+/);
  const target = paths.pop() ?? '';
  const destination = join(root, target.startsWith('/') ? target : join(workdir, target));
  for (const path of paths) {
    const source = join(origin, path);
    const isFile = (await stat(source)).isFile();
    await copy(source, isFile && target.endsWith('/') ? join(destination, basename(path)) : destination);
  }
}

/** A shell runs it as in the image, with this machine's npm and npm's own cache. */
async function run(command: string, { root, workdir, env }: Image): Promise<void> {
  const own = Object.entries(process.env).filter(([name]) => !ofThisRun.test(name));
  const options = {
    cwd: join(root, workdir),
    env: { ...Object.fromEntries(own), ...env, PATH: `${join(root, 'usr/local/bin')}:${process.env['PATH']}` },
    timeout: buildMs,
  };
  await new Promise<void>((resolve, reject) => {
    execFile('/bin/sh', ['-c', command], options, (error, _, complaints) => {
      if (error === null) return resolve();
      const why = unreachable.test(complaints) ? 'the npm registry cannot be reached' : `exit code ${error.code}`;
      reject(new Error(`RUN ${command} failed: ${why}\n${complaints.slice(-2_000)}`));
    });
  });
}

async function copy(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await cp(source, target, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
}
