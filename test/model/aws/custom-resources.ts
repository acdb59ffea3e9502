import { Delivery } from './lambda';
import { Answer, Direction, GuardRequest, Properties, RequestType } from './requests';
import { Place, Question, Template } from './template';
import { Time } from '../runtime/virtual-time';

export interface RequestEvent {
  readonly kind: 'request' | 'outcome';
  readonly request: GuardRequest<Question>;
  readonly answer?: Answer;
}

export interface CustomResourceOptions {
  readonly time: Time;
  readonly place: Place;
  readonly newId: () => string;
  readonly deliveryOf: (direction: Direction) => Delivery;
  readonly invoke: (request: GuardRequest<Question>, delivery: Delivery) => void;
  readonly on: (event: RequestEvent) => void;
}

export interface Asked {
  readonly type: RequestType;
  readonly direction: Direction;
  readonly template: Template;
  readonly properties: Properties;
  readonly oldProperties?: Properties;
  readonly physicalId?: string;
  readonly operation: number;
  readonly stackId: string;
}

/** Sends a request to a function as CloudFormation does and waits for the first answer, the timeout or a cancellation. */
export class CustomResources {
  private readonly cancellations = new Set<() => void>();
  private requests = 0;

  constructor(private readonly options: CustomResourceOptions) {}

  public cancelAll(): void {
    for (const cancel of [...this.cancellations]) cancel();
  }

  /** @returns `undefined` if there was no answer */
  public async ask(asked: Asked): Promise<Answer | undefined> {
    const { time, deliveryOf, invoke, on } = this.options;
    return new Promise((resolve) => {
      const finish = (outcome: GuardRequest<Question>['outcome'], answer?: Answer) => {
        if (!request.live) return;
        Object.assign(request, { live: false, outcome });
        this.cancellations.delete(cancel);
        timeout.cancel();
        on({ kind: 'outcome', request, answer });
        resolve(answer);
      };
      const cancel = () => finish('cancelled');
      const request = this.requestOf(asked, (answer) => finish('answered', answer));
      this.cancellations.add(cancel);
      const timeout = time.after(request.timeoutMs, () => finish('timed out'));
      on({ kind: 'request', request });
      invoke(request, deliveryOf(asked.direction));
    });
  }

  private requestOf(asked: Asked, onAnswer: (answer: Answer) => void): GuardRequest<Question> {
    const { type, direction, template: { logicalId, question, dialect }, properties, oldProperties, physicalId, operation, stackId } = asked;
    const { time, newId } = this.options;
    const requestId = newId();
    const responseUrl = this.responseUrl(`${encodeURIComponent(stackId)}%7C${logicalId}%7C${requestId}`);
    return {
      number: ++this.requests,
      type,
      direction,
      operation,
      question,
      dialect,
      logicalId,
      physicalId,
      responseUrl,
      sentAt: time.now,
      timeoutMs: Number(properties.ServiceTimeout) * 1000,
      live: true,
      onAnswer,
      event: {
        RequestType: type,
        ServiceToken: properties.ServiceToken,
        ResponseURL: responseUrl,
        StackId: stackId,
        RequestId: requestId,
        LogicalResourceId: logicalId,
        ResourceType: 'Custom::ImageGuard',
        ...physicalId !== undefined && { PhysicalResourceId: physicalId },
        ResourceProperties: properties,
        ...oldProperties && { OldResourceProperties: oldProperties },
      },
    };
  }

  private responseUrl(key: string): string {
    const { newId, place: { region, domain } } = this.options;
    const signature = `${newId()}${newId()}`.replaceAll('-', '');
    return `https://cloudformation-custom-resource-response-${region.replaceAll('-', '')}.s3.${region}.${domain}/${key}`
      + `?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=7200&X-Amz-Signature=${signature}`;
  }
}
