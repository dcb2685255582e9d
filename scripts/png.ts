// Makes Chromium's pictures small enough to stand in the repository.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** The same picture in at most 256 colours, each other one as the nearest of them: a third of the bytes. */
export function withPalette(png: Buffer): Buffer {
  const { width, height, pixels } = readPng(png);
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const frequent = [...counts.keys()].toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  let palette = frequent;
  for (let apart = 4; palette.length > 256; apart *= 1.5) {
    // Only what no frequenter colour is close to: many greys of letters must not cost an emoji its red.
    palette = [];
    for (const colour of frequent) {
      if (palette.every((other) => distance(colour, other) > apart)) palette.push(colour);
    }
  }
  const places = new Map<number, number>();
  for (const colour of counts.keys()) {
    const distances = palette.map((other) => distance(colour, other));
    places.set(colour, distances.indexOf(Math.min(...distances)));
  }
  // Each row begins with its filter: none.
  const rows = Buffer.alloc((width + 1) * height);
  for (const [i, pixel] of pixels.entries()) {
    rows[i + 1 + Math.floor(i / width)] = places.get(pixel) ?? 0;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  return Buffer.concat([
    png.subarray(0, 8),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(channels))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const channels = (colour: number): number[] => [colour >> 16, (colour >> 8) & 255, colour & 255];

function distance(one: number, other: number): number {
  const [a, b] = [channels(one), channels(other)];
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** Colours row by row, of the kind of PNG that Chromium writes: red, green and blue in 8 bits each. */
function readPng(png: Buffer): { width: number; height: number; pixels: Uint32Array } {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(data);
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  if (png.readUInt32BE(24) !== 0x08020000) throw new Error('not the kind of PNG that was expected');
  const bytes = inflateSync(Buffer.concat(parts));
  const row = width * 3;
  const pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(row);
  for (let y = 0; y < height; y++) {
    const filter = bytes[y * (row + 1)] ?? 0;
    const line = bytes.subarray(y * (row + 1) + 1, (y + 1) * (row + 1));
    for (let x = 0; x < row; x++) {
      const left = line[x - 3] ?? 0;
      const up = above[x] ?? 0;
      const corner = above[x - 3] ?? 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      line[x] = (line[x] ?? 0) + guess;
    }
    for (let x = 0; x < width; x++) pixels[y * width + x] = line.readUIntBE(x * 3, 3);
    above = line;
  }
  return { width, height, pixels };
}

/** https://www.w3.org/TR/png-3/#9Filter-type-4-Paeth */
function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [up - corner, left - corner, left + up - 2 * corner].map(Math.abs) as [
    number,
    number,
    number,
  ];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
