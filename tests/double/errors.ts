import { Refusal, type Answer } from './answer.ts';
import type { Fault } from './sigv4.ts';
import { json } from './vault-answers.ts';
import { escape, xml } from './xml.ts';

export function glacierError(error: Refusal): Answer {
  const type = error.status >= 500 ? 'Server' : 'Client';
  return json(error.status, { code: error.code, message: error.message, type }, { ...error.headers });
}

export function s3Error(error: Refusal, method: string): Answer {
  // an answer to HEAD has no body
  if (method === 'HEAD')
    return { status: error.status, headers: { ...error.headers, 'content-length': '0' } };
  const elements = Object.entries(error.elements).map(([name, text]) => `<${name}>${escape(text)}</${name}>`);
  return xml(
    error.status,
    `<Error><Code>${error.code}</Code><Message>${escape(error.message)}</Message>${elements.join('')}</Error>`,
    { ...error.headers },
  );
}

const unsignedAnswers: Readonly<
  Record<Fault, { glacier: readonly [number, string, string]; s3: readonly [number, string, string] }>
> = {
  missing: {
    glacier: [400, 'MissingAuthenticationTokenException', 'Missing Authentication Token'],
    s3: [403, 'AccessDenied', 'Access Denied'],
  },
  malformed: {
    glacier: [403, 'InvalidSignatureException', 'The request signature is not complete.'],
    s3: [400, 'AuthorizationHeaderMalformed', 'The authorization header that you provided is not valid.'],
  },
  'unknown-key': {
    glacier: [400, 'UnrecognizedClientException', 'The security token included in the request is invalid.'],
    s3: [403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.'],
  },
  'wrong-token': {
    glacier: [403, 'ExpiredTokenException', 'The security token included in the request is expired'],
    s3: [400, 'ExpiredToken', 'The provided token has expired.'],
  },
  skewed: {
    glacier: [403, 'InvalidSignatureException', 'Signature expired: the time is more than 15 minutes off'],
    s3: [
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    ],
  },
  'wrong-signature': {
    glacier: [
      403,
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided.',
    ],
    s3: [
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
    ],
  },
};

export function unsignedRefusal(fault: Fault, service: 'glacier' | 's3'): Refusal {
  return new Refusal(...unsignedAnswers[fault][service]);
}
