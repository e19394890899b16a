export interface Instruction {
  readonly keyword: string;
  /** `--name=value` between the keyword and its argument. */
  readonly flags: Readonly<Record<string, string>>;
  readonly argument: string;
}

export interface Stage {
  /** An image or the name of an earlier stage. */
  readonly base: string;
  readonly name: string | undefined;
  /** All but `FROM`. */
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile in order; the last one is the image. Parser directives and heredocs are not known. */
export function parseDockerfile(source: string): Stage[] {
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  const lines = source
    .split('\n')
    .filter((line) => !/^\s*(?:#|$)/.test(line))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n');
  for (const line of lines.filter((line) => line !== '')) {
    const instruction = parseInstruction(line);
    if (instruction.keyword === 'FROM') {
      const [base = '', , name] = instruction.argument.split(/\s+/);
      stages.push({ base, name, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`Dockerfile: expected FROM first, got ${line}`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

/** The exec form of a command, which starts it without a shell. */
export function execForm(argument: string): string[] {
  const command: unknown = argument.startsWith('[') ? JSON.parse(argument) : undefined;
  if (Array.isArray(command) && command.every((part) => typeof part === 'string')) return command;
  throw new Error(`Dockerfile: expected a command like ["node", "file.ts"], got ${argument}`);
}

function parseInstruction(line: string): Instruction {
  const [, keyword = '', flagText = '', argument = ''] = /^\s*([A-Z]+)((?:\s+--\S+)*)\s+(.*)$/.exec(line) ?? [];
  if (keyword === '') throw new Error(`Dockerfile: expected an instruction, got ${line}`);
  const flags = [...flagText.matchAll(/--([a-z-]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]);
  return { keyword, flags: Object.fromEntries(flags), argument: argument.trim() };
}
