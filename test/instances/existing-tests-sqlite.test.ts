import { describeExistingTests, writingTests } from './existing-tests.js';

describeExistingTests('sqlite', writingTests);
