import { answers } from './answers.ts';
import { configs } from './configs.ts';
import { documents } from './documents.ts';
import type { Fuzzer } from './fuzzer.ts';
import { httpBytes } from './http-bytes.ts';
import { requests } from './requests.ts';

export const fuzzers: readonly Fuzzer[] = [httpBytes, documents, requests, answers, configs];
