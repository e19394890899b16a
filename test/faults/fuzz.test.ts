import { fuzzAll } from './fuzz/fuzz-all.ts';

fuzzAll('short');
