import { describeEngine } from '../engine.conformance.ts';
import { ENGINE, openFresh, SHARED } from '../fresh.conformance.ts';

if (ENGINE === 'postgres') describeEngine('postgres', openFresh, SHARED);
