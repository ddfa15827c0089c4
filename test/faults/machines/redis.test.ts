import { describeMachines } from './run.js';

describeMachines('redis');
