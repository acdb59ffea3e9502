import { RegionInfo } from 'aws-cdk-lib/region-info';

/** Account IDs of AWS for Fluent Bit, the log router of FireLens: https://github.com/aws/aws-for-fluent-bit, `scripts/publish.sh`. */
const FIRELENS = [
  '906394416424', '128054284489', '146576467002', '161423150738', '269912160255', '358001906437', '378905956269', '449074385750', '741863432321',
  '921575906885', '928143927712', '960320637246',
];

/** Account IDs of EKS add-ons: https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html. */
const EKS = [
  '602401143452', '013241004608', '066635153087', '121268973566', '151610086707', '151742754352', '296578399912', '333609536671', '455263428931',
  '491585149902', '533267051163', '558608220178', '590381155156', '730335286997', '759879836304', '761377655185', '800184023465', '877085696533',
  '900612956339', '900889452093', '918309763551', '961992271922',
];

/** Account IDs of Envoy for App Mesh and of the deep learning containers, which CDK knows by region. */
function ofRegions(): (string | undefined)[] {
  return RegionInfo.regions.flatMap((region) => [region.appMeshRepositoryAccount, region.dlcRepositoryAccount]);
}

/** Whether an image is in an account that AWS owns. Users cannot get permission to look up images in such an account. */
export function isImageOfAws(image: string): boolean {
  const [, account] = /^(\d{12})\.dkr[.-]ecr[.-]/.exec(image) ?? [];
  return account !== undefined && [...FIRELENS, ...EKS, ...ofRegions()].includes(account);
}
