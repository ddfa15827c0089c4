import { describeSeveralInstances } from './journey.js';

describeSeveralInstances('postgres');
