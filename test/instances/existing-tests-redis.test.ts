import { describeExistingTests } from './existing-tests.js';

describeExistingTests('redis');
