// Made by scripts/build.mjs from package.json; never edited.
export const version = '0.1.0';
