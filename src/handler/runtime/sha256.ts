import { BinaryLike, createHash, createHmac, Hash, Hmac } from 'node:crypto';
import { Hash as SignerHash, SourceData } from '@smithy/types';

/** SHA-256 for the signer. With a key, it computes an HMAC. */
export class Sha256 implements SignerHash {
  private readonly hash: Hash | Hmac;

  constructor(key?: SourceData) {
    this.hash = key === undefined ? createHash('sha256') : createHmac('sha256', binary(key));
  }

  public update(data: SourceData): void {
    this.hash.update(binary(data));
  }

  public async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

/** The signer hashes only text and typed arrays. */
function binary(data: SourceData): BinaryLike {
  return data as BinaryLike;
}
