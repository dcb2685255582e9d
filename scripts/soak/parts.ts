// The parts of the soak, in the order in which the whole runs them.
import { poolers, racers, timeouts } from './crowds.ts';
import { namespaces } from './namespaces.ts';
import { away, cuts, freezes } from './network.ts';
import { canaries, fuzz, signals } from './programs.ts';
import { crashes, disk, promotions } from './servers.ts';
import { staging } from './staging.ts';
import { states } from './states.ts';
import { tenants } from './tenants.ts';
import type { Part } from './world.ts';

export const parts: readonly Part[] = [
  cuts,
  freezes,
  away,
  states,
  timeouts,
  racers,
  poolers,
  crashes,
  promotions,
  disk,
  signals,
  namespaces,
  fuzz,
  canaries,
  tenants,
  staging,
];
