import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Plant } from './run-planted.ts';

const plants: Readonly<Record<string, Plant>> = {
  'only two of several equal entities are completed': {
    file: 'execution/grouping.ts',
    changes: [['else if (Array.isArray(known)) known.push(object);', 'else if (Array.isArray(known)) return object;']],
  },
  'fragments apply to objects of other types': {
    file: 'execution/collect-fields.ts',
    changes: [['isObjectType(conditional)) return false;', 'isObjectType(conditional)) return true;']],
  },
  'errors stand at the next entity': {
    file: 'execution/apply-answer.ts',
    changes: [['errorsAt?.get(index)', 'errorsAt?.get(index + 1)']],
  },
  'aliases are mixed up': {
    file: 'execution/collect-fields.ts',
    changes: [['this.#scope.names.of(fieldNodes[0])', 'name']],
  },
  'a null stays where its type forbids it': {
    file: 'execution/project.ts',
    changes: [['if (value === NULL_PARENT) {', 'if (value === NULL_PARENT && field.responseName === "") {']],
  },
  'conditions are ignored': {
    file: 'execution/collect-fields.ts',
    changes: [['if (!isIncluded(selection, this.#scope.variables)) continue;', '']],
  },
  'fetches do not wait for what they need': {
    file: 'planning/group-steps.ts',
    changes: [['own.flatMap((draft) => [...draft.after])', 'own.flatMap((): DraftStep[] => [])']],
  },
  'unknown entities are faults': {
    file: 'execution/faults.ts',
    changes: [['this.#absent.add(object);', '']],
  },
  'two values of one name share a representation': {
    file: 'planning/private-requirements.ts',
    changes: [['a !== b && nameOf(a) === nameOf(b)', 'a !== b && nameOf(a) === b']],
  },
  'interface objects go by the names of their types': {
    file: 'planning/required-selection.ts',
    changes: [['else field.constant = String(rewrite.setValueTo);', '']],
  },
  'list positions are lost in paths': {
    file: 'execution/tell-faults.ts',
    changes: [['tell(place, child, [...path, key], within);', 'tell(place, child, path, within);']],
  },
  'paths run backwards': {
    file: 'execution/response-errors.ts',
    changes: [['return path.toReversed();', 'return path;']],
  },
};

describe('a bug in the gateway is found', () => {
  it.for(Object.entries(plants))('when %s', async ([, plant]) => {
    expect(await differencesWith(plant)).toMatch(/^found Error: The federated answer differs/mu);
  });

  it('and nothing where there is none', async () => {
    expect(await differencesWith({ file: 'execution/merge.ts', changes: [] })).toMatch(/^nothing found$/mu);
  });
});

async function differencesWith(plant: Plant): Promise<string> {
  const script = new URL('run-planted.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(plant)]);
  return stdout;
}
