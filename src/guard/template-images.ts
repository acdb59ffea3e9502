import { CfnResource } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { isIntrinsic, TextResolver, textOf } from './template-text';
import { renderedProperties } from '../private/rendered';

/** An image that a resource runs. */
export interface TemplateImage {
  readonly resource: CfnResource;

  /** Path within the properties of the resource: `ContainerDefinitions.0.Image`. */
  readonly property: string;

  /** Name of the container, if it has one. */
  readonly container?: string;

  /** Values that only CloudFormation knows are in angle brackets: `<AWS::AccountId>.dkr.ecr.…`. */
  readonly image: string;
}

type Found = Omit<TemplateImage, 'resource'>;

/** Names of properties that contain an image, in CloudFormation and Kubernetes. */
const IMAGE_PROPERTY = /(?:image|imageUri|imageIdentifier|containerUri|ecrUri)$/i;

/** Name of the property in Elastic Beanstalk. Other types use it for other values. */
const URI_PROPERTY = /^uri$/i;

/** Recognizes an ECR image by its host, or by the attribute of a repository. */
const ECR_IMAGE = /^[^/]*\.dkr[.-]ecr[.-]|^<[^<>/]*RepositoryUri[^<>/]*>/;

/** Properties with JSON that can contain images: state machines, SageMaker pipelines, and Kubernetes manifests. */
const JSON_PROPERTY = /^(?:DefinitionString|PipelineDefinitionBody|Manifest)$/;
const MEMBER_OF_JSON = /"(\w+)"\s*:\s*"((?:[^"\\]|\\.)*)"/g;

/** Custom resources do not run images, although some copy or scan them. The only exception here applies manifests to EKS. */
const CUSTOM_RESOURCE = /^(?:Custom::(?!AWSCDK-EKS-KubernetesResource$)|AWS::CloudFormation::CustomResource$)/;

export function isInEcr(image: string): boolean {
  return ECR_IMAGE.test(image);
}

/** Returns the images of all resources of a scope, as the templates contain them. */
export function templateImages(scope: IConstruct): TemplateImage[] {
  return scope.node.findAll()
    .filter((construct): construct is CfnResource => CfnResource.isCfnResource(construct) && !CUSTOM_RESOURCE.test(construct.cfnResourceType))
    .flatMap((resource) => imagesIn(renderedProperties(resource, new TextResolver()), []).map((found) => ({ resource, ...found })));
}

function imagesIn(value: any, path: string[]): Found[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Fn::If' in value) return branches(value).flatMap((branch) => imagesIn(branch, path));

  return Object.entries<any>(value).flatMap(([key, member]) => {
    const property = [...path, key];
    if (JSON_PROPERTY.test(key)) return imagesInJson(textOf(member), property);
    if (isStructure(member) || !isImageProperty(key)) return imagesIn(member, property);
    const { Name, ContainerName = Name } = value;
    return alternatives(member)
      .filter((image) => !URI_PROPERTY.test(key) || isInEcr(image))
      .map((image) => ({ property: property.join('.'), container: ContainerName && textOf(ContainerName), image }));
  });
}

function isImageProperty(key: string): boolean {
  return IMAGE_PROPERTY.test(key) || URI_PROPERTY.test(key);
}

function imagesInJson(json: string, path: string[]): Found[] {
  return [...json.matchAll(MEMBER_OF_JSON)]
    .filter(([, key]) => isImageProperty(key))
    .map(([, key, image]) => ({ property: [...path, key].join('.'), image }));
}

/** Returns every image that a condition can select. */
function alternatives(image: any): string[] {
  if (image === undefined || image === null || image.Ref === 'AWS::NoValue') return [];
  return typeof image === 'object' && 'Fn::If' in image ? branches(image).flatMap(alternatives) : [textOf(image)];
}

function branches(condition: { 'Fn::If'?: any[] }): any[] {
  return condition['Fn::If']!.slice(1);
}

/** Some types use "image" for other things, such as settings for image handling. */
function isStructure(member: any): boolean {
  return typeof member === 'object' && member !== null && !isIntrinsic(member);
}
