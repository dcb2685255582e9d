import type { Plugin } from 'esbuild';

export const protocolWithoutForms: Plugin;
