import { describeExistingTests, writingTests } from './existing-tests.js';

describeExistingTests('postgres', writingTests);
