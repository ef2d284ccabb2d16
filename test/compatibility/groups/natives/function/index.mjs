import { createHash } from 'node:crypto';

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
const TEXT = 'a text that repeats '.repeat(20_000);

/** For each package: a function that works for some milliseconds and returns the same value each time. */
const LOAD = {
  async '@napi-rs/canvas'() {
    const { createCanvas } = await import('@napi-rs/canvas');
    return async () => digest(await draw(createCanvas(300, 300)).encode('png'));
  },
  async 'skia-canvas'() {
    const { Canvas } = await import('skia-canvas');
    return async () => digest(await draw(new Canvas(300, 300)).toBuffer('png'));
  },
  async '@node-rs/bcrypt'() {
    const { hash, verify } = await import('@node-rs/bcrypt');
    return async () => verify('secret', await hash('secret', 8));
  },
  async bcrypt() {
    const { default: bcrypt } = await import('bcrypt');
    return async () => bcrypt.compare('secret', await bcrypt.hash('secret', 8));
  },
  async argon2() {
    const argon2 = await import('argon2');
    return async () => argon2.verify(await argon2.hash('secret', { memoryCost: 2 ** 12 }), 'secret');
  },
  async 'sodium-native'() {
    const { default: sodium } = await import('sodium-native');
    const salt = Buffer.alloc(sodium.crypto_pwhash_SALTBYTES, 1);
    const out = Buffer.alloc(32);
    return async () => {
      await new Promise((resolve, reject) =>
        sodium.crypto_pwhash_async(
          out,
          Buffer.from('secret'),
          salt,
          sodium.crypto_pwhash_OPSLIMIT_MIN,
          sodium.crypto_pwhash_MEMLIMIT_MIN * 128,
          sodium.crypto_pwhash_ALG_DEFAULT,
          (error) => (error ? reject(error) : resolve()),
        ),
      );
      return out.toString('hex');
    };
  },
  async 'onnxruntime-node'() {
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    const session = await InferenceSession.create(onnxModel(), { intraOpNumThreads: 1 });
    return async () => {
      const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
      return [...y.data];
    };
  },
  async 'pdf-lib'() {
    const { PDFDocument } = await import('pdf-lib');
    return async () => {
      const pdf = await PDFDocument.create({ updateMetadata: false });
      for (let page = 0; page < 20; page += 1) pdf.addPage().drawText(`page ${page}`);
      return digest(await pdf.save());
    };
  },
  async pdfkit() {
    const { default: PDFDocument } = await import('pdfkit');
    return async () => {
      const pdf = new PDFDocument({ info: { CreationDate: new Date(0) } });
      for (let page = 0; page < 20; page += 1) pdf.addPage().text(`page ${page}`);
      pdf.end();
      let size = 0;
      for await (const chunk of pdf) size += chunk.length;
      return size;
    };
  },
  async 'pdfjs-dist'() {
    const { PDFDocument } = await import('pdf-lib');
    const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs');
    const pdf = await PDFDocument.create({ updateMetadata: false });
    pdf.addPage().drawText('some text');
    const bytes = await pdf.save();
    return async () => {
      const task = getDocument({ data: bytes.slice(), verbosity: 0 });
      const page = await (await task.promise).getPage(1);
      const { items } = await page.getTextContent();
      await task.destroy();
      return items.map(({ str }) => str);
    };
  },
  async jimp() {
    const { Jimp } = await import('jimp');
    return async () => {
      const image = new Jimp({ width: 200, height: 200, color: 0x336699ff });
      return digest(await image.blur(2).resize({ w: 100 }).getBuffer('image/png'));
    };
  },
  async sharp() {
    const { default: sharp } = await import('sharp');
    const create = { width: 800, height: 800, channels: 3, background: '#369' };
    return async () => digest(await sharp({ create }).resize(300).blur(2).png().toBuffer());
  },
  async re2() {
    const { default: RE2 } = await import('re2');
    return async () => TEXT.replaceAll(new RE2('(t)(e)(x)t', 'g'), '$3').length;
  },
  async 'isolated-vm'() {
    const { default: ivm } = await import('isolated-vm');
    return async () => {
      const isolate = new ivm.Isolate({ memoryLimit: 16 });
      const context = await isolate.createContext();
      const result = await context.eval('let s = 0; for (let i = 0; i < 1e6; i += 1) s += i; s');
      isolate.dispose();
      return result;
    };
  },
  async 'better-sqlite3'() {
    const { default: Database } = await import('better-sqlite3');
    return async () => countRows(new Database(':memory:'));
  },
  async 'node:sqlite'() {
    const { DatabaseSync } = await import('node:sqlite');
    return async () => countRows(new DatabaseSync(':memory:'));
  },
  async '@swc/core'() {
    const { transform } = await import('@swc/core');
    const source = 'export enum E { A = 1 }\n'.concat('export const f = (n: number): number => n;\n'.replaceAll('f', 'fn'));
    return async () => (await transform(source, { jsc: { parser: { syntax: 'typescript' } } })).code;
  },
  async snappy() {
    const { compress, uncompress } = await import('snappy');
    return async () => digest(await uncompress(await compress(TEXT)));
  },
  async 'node:zlib'() {
    const zlib = await import('node:zlib');
    const { promisify } = await import('node:util');
    const [zstd, unzstd] = [promisify(zlib.zstdCompress), promisify(zlib.zstdDecompress)];
    const [brotli, unbrotli] = [promisify(zlib.brotliCompress), promisify(zlib.brotliDecompress)];
    return async () => [digest(await unzstd(await zstd(TEXT))), digest(await unbrotli(await brotli(TEXT)))];
  },
};

function draw(canvas) {
  const context = canvas.getContext('2d');
  for (let line = 0; line < 200; line += 1) {
    context.fillStyle = `rgb(${line}, 100, 50)`;
    context.fillRect(line, line, 100, 2);
  }
  return canvas;
}

function countRows(database) {
  database.exec('CREATE TABLE t (n INTEGER)');
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  for (let n = 0; n < 5000; n += 1) insert.run(n);
  const row = database.prepare('SELECT sum(n) AS sum FROM t').get();
  database.close();
  return row.sum;
}

/** An ONNX model with the one node y = x + x, for four floats. */
function onnxModel() {
  const field = (number, bytes) => [(number << 3) | 2, bytes.length, ...bytes];
  const text = (number, value) => field(number, [...Buffer.from(value)]);
  const int = (number, value) => [number << 3, value];
  const value = (name) => [
    ...text(1, name),
    ...field(2, field(1, [...int(1, 1), ...field(2, field(1, int(1, 4)))])),
  ];
  const node = [...text(1, 'x'), ...text(1, 'x'), ...text(2, 'y'), ...text(4, 'Add')];
  const graph = [...field(1, node), ...text(2, 'g'), ...field(11, value('x')), ...field(12, value('y'))];
  return Uint8Array.from([...int(1, 8), ...field(7, graph), ...field(8, int(2, 13))]);
}

const work = await LOAD[process.env.PACKAGE]();

export const handler = async ({ endless }) => {
  let result = await work();
  while (endless) result = await work();
  return result;
};
