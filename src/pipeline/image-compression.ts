import { BY_FACTORY, onlyByFactory } from '../private/factories';
import { shown } from '../private/validation';

/**
 * Compression of the layers of an image.
 */
export class ImageCompression {
  /**
   * Zstandard for all layers, including those of the base image. Fargate starts tasks faster with Zstandard. Lambda
   * functions cannot use such images.
   *
   * @param level 1 (fastest) to 22 (smallest); 3 by default
   * @see https://aws.amazon.com/blogs/containers/reducing-aws-fargate-startup-times-with-zstd-compressed-container-images/
   * @throws if the level is not a whole number from 1 to 22
   */
  public static zstd(level: number = 3): ImageCompression {
    return new ImageCompression(BY_FACTORY, 'zstd', level, 22);
  }

  /**
   * Gzip at this level for all layers, including those of the base image.
   *
   * @param level 1 (fastest) to 9 (smallest)
   * @throws if the level is not a whole number from 1 to 9
   */
  public static gzip(level: number): ImageCompression {
    return new ImageCompression(BY_FACTORY, 'gzip', level, 9);
  }

  private constructor(key: symbol, private readonly algorithm: string, private readonly level: number, highest: number) {
    onlyByFactory(ImageCompression, key);
    if (!Number.isInteger(level) || level < 1 || level > highest) {
      throw new Error(`ImageCompression.${algorithm}: level ${shown(level)} is not a whole number from 1 to ${highest}`);
    }
  }

  /**
   * Compression attributes for the output of buildx.
   *
   * @internal
   */
  public get _attributes(): string {
    return `compression=${this.algorithm},compression-level=${this.level},force-compression=true,oci-mediatypes=true`;
  }

  /**
   * Whether Lambda does not support the compression.
   *
   * @internal
   */
  public get _forContainersOnly(): boolean {
    return this.algorithm !== 'gzip';
  }
}
