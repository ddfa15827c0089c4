import { describeSeveralInstances } from './journey.js';

describeSeveralInstances('redis');
