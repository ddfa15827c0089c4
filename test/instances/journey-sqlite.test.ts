import { describeSeveralInstances } from './journey.js';

describeSeveralInstances('sqlite');
