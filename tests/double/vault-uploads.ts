import type { Answer } from './answer.ts';
import type { Call, Parts } from './call.ts';
import { isoMillis } from './clock.ts';
import { treeHashOfParts } from './tree-hash.ts';
import { invalid, json, notFound, page } from './vault-answers.ts';
import { glacierId, type Archive, type Upload, type Vault } from './vault.ts';

const mebibyte = 1024 * 1024;

function descriptionOf(call: Call): string | null {
  const text = call.headers['x-amz-archive-description'] ?? null;
  if (text !== null && !/^[\x20-\x7e]{0,1024}$/.test(text)) throw invalid(`Invalid archive description`);
  return text;
}

function made(vault: Vault, archive: Archive): Answer {
  return json(201, undefined, {
    location: `/012345678901/vaults/${vault.name}/archives/${archive.id}`,
    'x-amz-archive-id': archive.id,
    'x-amz-sha256-tree-hash': archive.treeHash,
    'content-length': '0',
  });
}

/** Both hashes are required, and both must be right. */
function checkHashes(call: Call): void {
  const tree = call.headers['x-amz-sha256-tree-hash'];
  const content = call.headers['x-amz-content-sha256'];
  if (tree === undefined || content === undefined) throw invalid('Required parameter missing: checksum');
  if (tree !== call.body.treeHash)
    throw invalid(`Checksum mismatch: expected ${tree} but got ${call.body.treeHash}`);
}

export function upload(vault: Vault, call: Call, { ledger }: Parts): Answer {
  const description = descriptionOf(call);
  if (call.body.size === 0) throw invalid('Invalid Content-Length: 0');
  if (call.body.size > 4096 * mebibyte) throw invalid(`Invalid Content-Length: ${call.body.size}`);
  checkHashes(call);
  ledger.put('VAULT');
  const archive = vault.add(description ?? '', call.body);
  return made(vault, archive);
}

export function initiateUpload(vault: Vault, call: Call, { clock, ledger }: Parts): Answer {
  const partSize = Number(call.headers['x-amz-part-size']);
  const power = Math.log2(partSize / mebibyte);
  if (!Number.isInteger(power) || power < 0 || power > 12)
    throw invalid(`Invalid part size: ${call.headers['x-amz-part-size']}`);
  const id = glacierId(69);
  const description = descriptionOf(call);
  ledger.put('VAULT');
  vault.uploads.set(id, { id, description, createdAt: clock.now(), partSize, parts: new Map() });
  return json(201, undefined, {
    location: `/012345678901/vaults/${vault.name}/multipart-uploads/${id}`,
    'x-amz-multipart-upload-id': id,
    'content-length': '0',
  });
}

function uploadOf(vault: Vault, call: Call): Upload {
  const found = vault.uploads.get(call.thing ?? '');
  if (found === undefined) throw notFound(`The upload ID was not found: ${call.thing}`);
  return found;
}

export function uploadPart(vault: Vault, call: Call): Answer {
  const under = uploadOf(vault, call);
  const range = /^bytes (\d+)-(\d+)\/\*$/.exec(call.headers['content-range'] ?? '');
  if (range === null) throw invalid(`Invalid Content-Range: ${call.headers['content-range']}`);
  const [start, end] = [Number(range[1]), Number(range[2])];
  const { size } = call.body;
  if (end - start + 1 !== size) throw invalid(`Content-Range does not fit the length: ${size}`);
  if (start % under.partSize !== 0 || size > under.partSize)
    throw invalid(`Part boundaries do not fit the part size: ${range[0]}`);
  checkHashes(call);
  under.parts.set(start, { blob: call.body, treeHash: call.body.treeHash });
  return { status: 204, headers: { 'x-amz-sha256-tree-hash': call.body.treeHash } };
}

/** "An idempotent operation": again within a short time, it gives the same archive id (Complete Multipart Upload). */
export function complete(vault: Vault, call: Call, { blobs, ledger }: Parts): Answer {
  const before = vault.finished.get(call.thing ?? '');
  if (before !== undefined) return made(vault, before);
  const under = uploadOf(vault, call);
  const size = Number(call.headers['x-amz-archive-size']);
  const parts = [...under.parts.entries()].sort(([a], [b]) => a - b);
  let at = 0;
  parts.forEach(([start, { blob }], index) => {
    const last = index === parts.length - 1;
    if (start !== at || (!last && blob.size !== under.partSize))
      throw invalid(`The parts do not make one archive: a gap before byte ${start}`);
    at += blob.size;
  });
  if (at === 0 || at !== size) throw invalid(`The size of the parts is ${at}, not ${size}`);
  const treeHash = treeHashOfParts(parts.map(([, part]) => part.treeHash));
  if (call.headers['x-amz-sha256-tree-hash'] !== treeHash)
    throw invalid(
      `Checksum mismatch: expected ${call.headers['x-amz-sha256-tree-hash']} but got ${treeHash}`,
    );
  const blob = blobs.join(parts.map(([, part]) => part.blob));
  vault.uploads.delete(under.id);
  ledger.put('VAULT');
  const archive = vault.add(under.description ?? '', { ...blob, treeHash });
  vault.finished.set(under.id, archive);
  return made(vault, archive);
}

export function abort(vault: Vault, call: Call): Answer {
  vault.uploads.delete(uploadOf(vault, call).id);
  return { status: 204 };
}

function describe(vault: Vault, under: Upload): Record<string, unknown> {
  return {
    ArchiveDescription: under.description,
    CreationDate: isoMillis(under.createdAt),
    MultipartUploadId: under.id,
    PartSizeInBytes: under.partSize,
    VaultARN: vault.arn,
  };
}

export function listUploads(vault: Vault, call: Call): Answer {
  const { items, marker } = page([...vault.uploads.values()], ({ id }) => id, call, 50);
  return json(200, { Marker: marker, UploadsList: items.map((one) => describe(vault, one)) });
}

export function listParts(vault: Vault, call: Call): Answer {
  const under = uploadOf(vault, call);
  const parts = [...under.parts.entries()]
    .sort(([a], [b]) => a - b)
    .map(([start, { blob, treeHash }]) => ({
      RangeInBytes: `${start}-${start + blob.size - 1}`,
      SHA256TreeHash: treeHash,
    }));
  const { items, marker } = page(parts, ({ RangeInBytes }) => RangeInBytes, call, 50);
  return json(200, { ...describe(vault, under), Marker: marker, Parts: items });
}
